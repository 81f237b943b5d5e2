/** @returns what `containerd --help` prints */
export function helpText(): string {
  return `Usage: containerd [flags] [command]
Holdfast in containerd's place: the containers and tasks of its 1.x API, and the API of containerd 0.2.

Commands:
  config default            print a configuration with the defaults
  config dump               print what counts, of flags, file and defaults

Flags:
  -c, --config PATH         configuration file (default /etc/containerd/config.toml, if there)
  -a, --address PATH        socket of the API (default /run/containerd/containerd.sock)
      --listen ADDRESS      a further socket; may be given several times
      --root PATH           what outlives a boot (default /var/lib/containerd)
      --state PATH          what a restart needs (default /run/containerd)
  -l, --log-level LEVEL     debug, info, warn, error, fatal or panic
  -v, --version             print the version
  -h, --help                print this

The flags of holdfastd are taken too, by their long names; see holdfastd --help.
`;
}
