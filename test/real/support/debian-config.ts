/** A configuration of Debian's containerd, all of whose files are where it is told: the CRI plugin wants a network's configuration, and the opt plugin makes a directory in /opt. */
export function debianConfig(root: string, state: string, socket: string, opt: string): string {
  return `version = 2
root = "${root}"
state = "${state}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${opt}"
`;
}
