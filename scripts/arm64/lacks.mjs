// What qemu-user 10 does not do as a kernel would, and the unit tests that see it: `<file below test/unit>: <full name>`.
export const lacks = [
  {
    why: 'ioctl(2) for pidfds (PIDFD_GET_INFO) is not passed on',
    tests: [
      'sys/process/process: processes the end of a process that its own parent has reaped',
      'sys/process/process: processes what is no pidfd tells nothing, what is no descriptor is an error',
      'sys/process/children: ChildReaper as a subreaper a process that its own parent reaps is told of as well',
    ],
  },
  {
    why: 'vfork(2) is fork(2): posix_spawn(3) returns before the program runs, and does not hear of what fails',
    tests: [
      // Not each time.
      'sys/process/children: ChildReaper what is launched while it closes runs on, as all that it has started',
      'sys/process/children: ChildReaper launching what is not there rejects with an error that names it',
      'sys/process/children: ChildReaper a program that is not there, or not executable, is an error that names it',
    ],
  },
  {
    why: '/proc/self/stat is its own, with no session, process group or times in it',
    tests: [
      'sys/process/children: ChildReaper a session or a process group of its own',
      'sys/program: in a process of its own one that leads its session favours it, and no session that it starts',
    ],
  },
  {
    why: '/proc/self/smaps is its own, with no figures in it',
    tests: [
      'sys/huge-pages: what fills huge pages lies in them, and nothing of the file has changed',
      "sys/start-code: what of Node's program is let go of comes back where it is needed",
    ],
  },
  {
    why: 'recvmsg(2) has more room for descriptors than was asked for: those that were too many stay open in qemu',
    tests: ['sys/sockets/sockets: sockets a message with 5 descriptors is refused, and none stays open'],
  },
  {
    why: '/proc/<pid>/exe and cmdline of a program of arm64 are those of qemu-aarch64',
    tests: ['worker/runtime/runtime-orphans: calls of the runtime that a dead shim or daemon has left one of a program is waited for'],
  },
];
