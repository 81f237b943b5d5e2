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
  // An upgrade of the shim in place: asked for, prepared, and what the new program does first.
  'daemon.upgrade.before-request',
  'shim.upgrade.before-rehearsal',
  'shim.upgrade.before-quiet',
  'shim.upgrade.before-exec',
  'shim.take-up.before-process',
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
  'shim.serve.before-ready',
  'daemon.upgrade.sent',
  'daemon.upgrade.upgraded',
  'shim.upgrade.rehearsed',
  'shim.take-up.begun',
  'shim.take-up.done',
  'shim.end.deleted',
] as const;

/** The same for tasks that are kept: created, started and deleted one by one. */
export const failingTaskSteps = [
  'daemon.create.before-own-bundle',
  'daemon.create.before-mount',
  'daemon.register.before-directory',
  'daemon.register.before-rename',
  'daemon.delete.before-abort',
  'daemon.delete.before-runtime',
  'daemon.delete.before-unmount',
  'daemon.delete.before-discard',
  'daemon.delete-exec.before-discard',
  'daemon.records.before-write',
  'daemon.dump',
  'shim.signal',
  'shim.end.read',
  'shim.end.tell',
] as const;

/** And the moments of theirs. */
export const taskMoments = [
  'daemon.create.own-bundle-written',
  'daemon.create.mounted',
  'daemon.create.told',
  'daemon.start-task.started',
  'daemon.start-task.told',
  'daemon.delete.deleted',
  'daemon.delete.unmounted',
  'daemon.delete.removed',
  'daemon.records.written',
] as const;

/** The files of blobs and snapshots, and the collector: only clients with images come here. */
export const imageSteps = [
  'daemon.content.before-open',
  'daemon.content.before-append',
  'daemon.content.before-flush',
  'daemon.content.before-link',
  'daemon.snapshot.before-rename',
  'daemon.snapshot.before-measure',
  'daemon.snapshot.before-removal',
  'daemon.collect.before-files',
  // The process of a layer.
  'layers.apply.before-entry',
] as const;

/** And the moments of theirs. */
export const imageMoments = [
  'daemon.content.appended',
  'daemon.content.linked',
  'daemon.content.committed',
  'daemon.snapshot.made',
  'daemon.snapshot.recorded',
  'daemon.snapshot.renamed',
  'daemon.collect.recorded',
  'daemon.layer.launched',
  'daemon.layer.done',
] as const;

/** Checkpoints in the content store. */
export const checkpointMoments = [
  'daemon.checkpoint.place-made',
  'daemon.checkpoint.written',
  'daemon.checkpoint.archived',
  'daemon.checkpoint.saved',
  'daemon.checkpoint.unpacked',
] as const;

/** Between what the agent decides of a program and what is done: only programs that files define come here. */
export const agentMoments = [
  'daemon.agent.before-write',
  'daemon.agent.written',
  'daemon.agent.before-start',
  'daemon.agent.started',
  'daemon.agent.signalled',
  'daemon.agent.checking',
  'daemon.agent.fatal-told',
  'daemon.listener.before-send',
  'daemon.listener.sent',
  'daemon.listener.noted',
  'daemon.listener.heard',
  'daemon.update.before-write',
  'daemon.update.written',
  'daemon.update.removed',
  'daemon.update.restarted',
  'daemon.update.taken',
] as const;

/** The shim makes a process of a host program, in its order. Only those come here. */
export const hostSteps = ['shim.host.before-spawn', 'shim.host.before-cgroup', 'shim.host.before-limits'] as const;

/** And the moments of that, and of its start. */
export const hostMoments = ['shim.host.spawned', 'shim.host.ready', 'host.start.noted'] as const;

/** A host program is the stub that waited: from a shim's second one on. */
export const toldMoments = ['shim.host.told'] as const;

/** Between two steps of a copier, for a chunk of output. Only containers whose output goes to a plain file come here. */
export const copierMoments = [
  'copier.output.before-write',
  'copier.output.written',
  'copier.output.moved',
  'copier.output.noted',
  'copier.input.staged',
  'copier.input.noted',
] as const;

/** The same for a chunk of output that is kept. */
export const keptMoments = [
  'copier.kept.staged',
  'copier.kept.noted',
  'copier.kept.written',
  'copier.kept.before-clear',
  'copier.kept.cleared',
  'copier.kept.finished',
  'copier.kept.before-rotate',
  'copier.kept.rotated',
] as const;

/** … and for the notice of lines that were dropped. */
export const noticeMoments = ['copier.notice.noted', 'copier.notice.written'] as const;

/** … and for a file that is packed. */
export const packMoments = ['copier.pack.written', 'copier.pack.renamed', 'copier.pack.unlinked'] as const;

/** What kernels of before do not tell (docs/reliability.md): any errno keeps it back. */
export const kernelAnswers = ['kernel.exit-info', 'kernel.pidfd-hang-up', 'kernel.cached-names'] as const;

export type FailingStep = (typeof failingSteps)[number] | (typeof imageSteps)[number] | (typeof failingTaskSteps)[number] | (typeof hostSteps)[number];
export type Moment = (typeof moments)[number] | (typeof imageMoments)[number] | (typeof taskMoments)[number] | (typeof hostMoments)[number] | (typeof toldMoments)[number] | (typeof agentMoments)[number] | (typeof checkpointMoments)[number];
export type FaultPoint = FailingStep | Moment | (typeof copierMoments)[number] | (typeof keptMoments)[number] | (typeof noticeMoments)[number] | (typeof packMoments)[number];
export type KernelAnswer = (typeof kernelAnswers)[number];
