import { readDefinitionFile } from '../../../../src/agent/definitions/read-file';

/** Each key that a program may have, with a value that is right. */
const ofHostPrograms = [
  'command = "/srv/web"', 'shell = true', 'pid_namespace = true', 'directory = "/srv"', 'umask = "027"', 'user = "www"', 'group = "www"', 'extra_groups = ["adm"]', 'environment = { A = "1" }',
  'environment_file = ["-/etc/web.env"]', 'inherit_environment = true', 'secrets = { KEY = "/etc/key", TOKEN = { file = "/etc/token", as = "environment" } }', 'terminal = true', 'stdin = "open"', 'labels = { a = "b" }',
  'description = "it serves"', 'autostart = false', 'onreboot = "laststate"', 'priority = 1', 'depends_on = ["db"]', 'dependency_restart = true', 'dependency_timeout = "1m"', 'schedule = "every 30m"',
  'schedule_missed = "skip"', 'schedule_overlap = "queue"', 'timezone = "Europe/Vienna"', 'oneshot = true', 'autorestart = "always"', 'exitcodes = [0, "TERM"]', 'startsecs = 3', 'startretries = 3',
  'restart = { initial = 1, max = 60, factor = 2, jitter = 0.2, reset = "1m", limit = { count = 20, within = "1h" } }', 'on_fatal = ["mail"]', 'stopsignal = [["INT", 5], ["TERM", 10]]', 'stopwaitsecs = 3', 'kill_mode = "process"',
  'reload_signal = "HUP"', 'reload_command = ["reload"]', 'health = { http = "http://127.0.0.1/", expect_status = 200, expect_body = "ok", interval = 1, timeout = 1, retries = 1, start_period = 1, start_interval = 1, on_failure = "none" }',
  'health = { exec = ["true"] }', 'health = { tcp = "127.0.0.1:80" }', 'health = { notify = true }', 'ready = "notify"', 'ready = { log = "up" }',
  'limits = { memory = "64m", memory_high = "32m", swap = "1m", cpus = 1.5, cpu_weight = 10, pids = 9, io_weight = 9, nofile = "1:2", nproc = 9, core = 0, stack = "8m" }', 'oom_score_adjust = 5', 'nice = 5',
  'no_new_privileges = true', 'capabilities = ["CHOWN"]', 'network = "host"', 'private_tmp = true', 'read_only_paths = ["/etc"]', 'log = { max_size = "1m", max_files = 3, max_age = "1h", compress = true, format = "raw", stdout = "null", stderr = "inherit", rate = { lines = 9, per = "1s" } }',
  'numprocs = 1', 'numprocs_start = 1', 'process_name = "web"', 'listen = { a = "tcp://127.0.0.1:80", b = "tcp://:81", c = "udp://[::1]:82", d = { address = "unix:///run/web", mode = "0660", user = "www", group = "www" } }',
];
const ofContainers = ['rootfs = "/srv/box"', 'image = "example.org/box:1"', 'pull = "never"', 'volumes = ["/srv/data:/data:ro", "${here}/x:/y"]', 'hostname = "box.example"', 'entrypoint = "/bin/serve"', 'network = "none"', 'network = "cni:boxes"', 'publish = ["8080:80", "53:53/udp"]', 'command = "true"'];

/** What some of them want beside them, or in the place of the command. */
const beside: Readonly<Record<string, string>> = { schedule_missed: 'schedule = "every 1h"', schedule_overlap: 'schedule = "every 1h"', timezone: 'schedule = "every 1h"', 'network = "none"': 'rootfs = "/x"', 'network = "cni:boxes"': 'image = "box"', publish: 'image = "box"\nnetwork = "cni"', pull: 'image = "box"', volumes: 'rootfs = "/x"', hostname: 'rootfs = "/x"', entrypoint: 'image = "box"' };

const errorsOf = (...lines: readonly string[]): readonly string[] => readDefinitionFile('/p/web.toml', ['[program.web]', ...lines].join('\n')).errors.map(({ message }) => message);

test.each([...ofHostPrograms, ...ofContainers])('%s', (line) => {
  const key = line.slice(0, line.indexOf(' '));
  const more = beside[key] ?? beside[line];
  expect(errorsOf(...(key === 'command' ? [] : ['command = "true"']), ...(more === undefined ? [] : [more]), line)).toEqual([]);
  // It is asked for: one that is nearly it is unknown.
  expect(errorsOf('command = "true"', `${key}z = 1`)).toEqual([expect.stringContaining(`unknown key "${key}z"`)]);
});

test.each([
  ['listen = { a = "tcp://localhost:80" }', 'expected tcp://address:port'],
  ['listen = { a = "tcp://127.0.0.1" }', 'expected tcp://address:port'],
  ['listen = { a = { address = "tcp://127.0.0.1:80", mode = "0660" } }', 'mode is for unix sockets'],
  ['listen = { a = { mode = "0660" } }', 'address is missing'],
  ['listen = { "a:b" = "tcp://127.0.0.1:80" }', 'is no name of a socket'],
  ['log = { max_age = 0 }', 'expected more than nothing'],
  ['log = { rate = { lines = 9, per = "1us" } }', 'expected whole milliseconds'],
  ['network = "none"', 'with rootfs or image it can have none'],
  ['volumes = ["/a:/b"]', 'volumes is for containers'],
  ['hostname = "box"', 'hostname is for containers'],
  ['entrypoint = "/x"', 'entrypoint is for an image'],
  ['image = "box"\nshell = true\nentrypoint = "/x"', 'entrypoint beside shell'],
  ['rootfs = "/x"\nvolumes = ["a:/b"]', '"a:/b": the path of this host has to be absolute'],
  ['rootfs = "/x"\nvolumes = ["/a:b"]', '"/a:b": a path of this host, and an absolute one in the container are wanted'],
  ['rootfs = "/x"\nvolumes = ["/a:/b:x"]', '"/a:/b:x": there is no option x'],
  ['rootfs = "/x"\nhostname = "-"', 'expected a host name'],
  ['pull = "never"', 'pull is for an image'],
  ['image = "box"\npull = "often"', 'pull: expected'],
  ['publish = "80:80"', 'publish is for a network of its own'],
  ['image = "box"\nnetwork = "cni"\npublish = ["80"]', 'expected ports such as "8080:80"'],
  ['network = "cni"', 'or one of its own'],
  ['rootfs = "/x"\nnetwork = "wifi"', 'expected "host", "none", "cni" or "cni:NAME", not "wifi"'],
  ['image = "Box"', 'expected the name of an image such as "busybox:1.36", not "Box"'],
  ['image = "box"\nrootfs = "/srv/box"', 'image beside rootfs'],
  ['image = "box"\nbundle = "/srv/box"', 'image beside bundle'],
  ['image = "box"\npid_namespace = false', 'pid_namespace beside image'],
  ['image = "box"\nuser = "www"\nextra_groups = ["adm"]', 'extra_groups beside image'],
  ['image = "box"\ngroup = "www"', 'group beside image, without user'],
])('%s is refused', (line, words) => {
  const errors = errorsOf('command = "true"', ...line.split('\n'));
  expect(errors.join('\n')).toContain(words);
});
