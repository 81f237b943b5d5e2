import fc from 'fast-check';

/**
 * fast-check, with the same cases each time: a run fails because of a change, and not by chance. HOLDFAST_SEED asks
 * for other ones; a failure names its seed.
 */
fc.configureGlobal({ seed: Number(process.env['HOLDFAST_SEED'] ?? '1') });

export { fc };
