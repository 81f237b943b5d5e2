/**
 * The steps of a process's life where a test can make this program fail: an errno thrown at the point is an
 * errno of the step that follows it, and what comes of it is what would come of a real one.
 * Named by program, what it is about, and the step that comes next (`before-…`), or the verb of the step itself.
 */
export const failingSteps = [
  // A start, in its order.
  'daemon.start.before-bundle',
  'daemon.start.before-directory',
  'daemon.start.before-state-file',
  // The directory of a process, for a start and for an exec alike.
  'daemon.directory.before-make',
  'daemon.directory.before-mark',
  'daemon.directory.before-record',
  'daemon.directory.before-fifos',
  'daemon.directory.before-open',
  'daemon.start.before-shim',
  'daemon.start.before-take',
  'daemon.start.before-identify',
  'daemon.start.before-stdio',
  'daemon.start.before-watch',
  'daemon.start.before-runtime',
  'daemon.start.before-clear',
  // An exec.
  'daemon.exec.before-directory',
  'daemon.exec.before-shim',
  'daemon.exec.before-take',
  'daemon.exec.before-identify',
  'daemon.exec.before-stdio',
  'daemon.exec.before-watch',
  // A start or an exec that is taken back.
  'daemon.undo.before-abort',
  'daemon.undo.before-discard',
  // The event log.
  'daemon.log.open',
  'daemon.log.append',
  'daemon.log.record-end',
  'daemon.log.tell-end',
  // An end, and the removal of what it leaves.
  'daemon.end.before-delete',
  'daemon.end.before-discard',
  'daemon.discard.before-rename',
  'daemon.discard.before-removal',
  // Shims.
  'daemon.shim.before-launch',
  'daemon.adopt.before-shim',
  'daemon.adopt.before-request',
  // A restart.
  'daemon.restore.before-trash',
  'daemon.restore.before-journal',
  'daemon.restore.before-shims',
  'daemon.restore.before-finish',
  'daemon.restore.before-find',
  'daemon.restore.before-undo',
  // The shim: a take, in its order, and how it is undone.
  'shim.take.before-create',
  'shim.take.after-create',
  'shim.take.before-watch',
  'shim.take.before-undo',
  // The shim: an end, in its order.
  'shim.end.status',
  'shim.end.kill-all',
  'shim.end.execs',
  'shim.end.drain',
  'shim.end.start-told',
  'shim.end.count-oom-kills',
  'shim.end.delete',
  'shim.end.let-go',
  // The shim: taking over from a dead one.
  'shim.adopt.before-open',
  'shim.adopt.before-watch',
] as const;

/** Moments between two steps, where nothing can fail: the program can only be killed there, or hang. */
export const moments = [
  'daemon.take.sent',
  'daemon.start.taken',
  'daemon.start.started',
  'daemon.start.told',
  'daemon.start.cleared',
  'daemon.exec.taken',
  'daemon.exec.told',
  'daemon.undo.aborted',
  'daemon.undo.undone',
  'daemon.end.recorded',
  'daemon.end.deleted',
  'daemon.end.removed',
  'daemon.end.told',
  'daemon.shim.launched',
  'daemon.shim.ready',
  'daemon.adopt.sent',
  'daemon.adopt.adopted',
  'daemon.restore.shims-found',
  'daemon.restore.finished',
  'daemon.restore.undone',
  'daemon.restore.found',
  'daemon.restore.recovered',
  'daemon.restore.restored',
  'shim.end.deleted',
] as const;

/** What kernels of before do not tell (docs/reliability.md): any errno keeps it back. */
export const kernelAnswers = ['kernel.exit-info', 'kernel.pidfd-hang-up'] as const;

export type FailingStep = (typeof failingSteps)[number];
export type Moment = (typeof moments)[number];
export type FaultPoint = FailingStep | Moment;
export type KernelAnswer = (typeof kernelAnswers)[number];
