// The figures of the daemon. Names are the original's where it has them; the page for Prometheus has
// names of its own, by that system's rules (base units, https://prometheus.io/docs/practices/naming/).

interface Described {
  readonly prometheus: string;
  readonly help: string;
}

/** How long something took. */
export const TIMERS = {
  'container-create-time': { prometheus: 'holdfast_container_create_seconds', help: 'The runtime creating a container' },
  'container-start-time': {
    prometheus: 'holdfast_container_start_seconds',
    help: 'A start, from its request to its answer',
  },
  'container-delete-time': {
    prometheus: 'holdfast_container_delete_seconds',
    help: 'Deleting a container that has ended',
  },
  'container-stats-time': { prometheus: 'holdfast_container_stats_seconds', help: 'Reading the figures of a container' },
  'exec-process-time': {
    prometheus: 'holdfast_exec_process_seconds',
    help: 'A process added to a container, from its request to its answer',
  },
  'exit-process-time': {
    prometheus: 'holdfast_exit_process_seconds',
    help: 'The end of a process, from being noticed to its event',
  },
} as const satisfies Record<string, Described>;

/** What has happened so many times since the daemon started. */
export const COUNTERS = {
  // The original counts the tasks of its loop under this name.
  events: { prometheus: 'holdfast_tasks_total', help: 'Tasks that the supervisor has handled' },
  'events-logged': { prometheus: 'holdfast_events_total', help: 'Events written to the event log' },
  'shim-restarts': { prometheus: 'holdfast_shim_restarts_total', help: 'Shims that died and were replaced' },
} as const satisfies Record<string, Described>;

/** What is so now. */
export const GAUGES = {
  containers: { prometheus: 'holdfast_containers', help: 'Containers' },
  processes: { prometheus: 'holdfast_processes', help: 'Supervised processes, of all containers' },
  tasks: { prometheus: 'holdfast_task_queue_length', help: 'Tasks that wait for the supervisor' },
  'starts-waiting': { prometheus: 'holdfast_start_queue_length', help: 'Starts that wait for a worker' },
  'starts-running': { prometheus: 'holdfast_starts_running', help: 'Starts that a worker is busy with' },
  'event-subscribers': { prometheus: 'holdfast_event_subscribers', help: 'Clients that follow the events' },
  'epoll-fds': { prometheus: 'holdfast_epoll_fds', help: 'Descriptors that the monitor watches' },
  fds: { prometheus: 'holdfast_open_fds', help: 'Open descriptors of the daemon' },
  'daemon-restarts': { prometheus: 'holdfast_daemon_restarts', help: 'Earlier starts over this state directory' },
  'daemon-memory-rss': { prometheus: 'holdfast_daemon_memory_rss_bytes', help: 'Resident memory of the daemon' },
  'daemon-memory-pss': {
    prometheus: 'holdfast_daemon_memory_pss_bytes',
    help: 'Memory of the daemon, shared pages by their share',
  },
  'shim-memory-rss': { prometheus: 'holdfast_shim_memory_rss_bytes', help: 'Resident memory of the shims' },
  'shim-memory-pss': {
    prometheus: 'holdfast_shim_memory_pss_bytes',
    help: 'Memory of the shims, shared pages by their share',
  },
} as const satisfies Record<string, Described>;

export type TimerName = keyof typeof TIMERS;
export type CounterName = keyof typeof COUNTERS;
export type GaugeName = keyof typeof GAUGES;

export const timerNames = Object.keys(TIMERS) as readonly TimerName[];
export const counterNames = Object.keys(COUNTERS) as readonly CounterName[];
export const gaugeNames = Object.keys(GAUGES) as readonly GaugeName[];
