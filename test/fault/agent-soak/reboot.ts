import { goDown } from '../../support/reboot';
import type { AgentSoakHost } from './agent-soak-host';
import { kinds } from './kinds';

/** The host goes down with all that runs. Then it is there again. */
export async function reboot(soak: AgentSoakHost): Promise<void> {
  await soak.crash(async () => {
    await goDown(soak.host, kinds.map(({ short }) => soak.agent.name(short)));
    for (const program of soak.programs) {
      const runs = program.traces.runs();
      const last = runs.at(-1);
      if (last !== undefined) program.rebooted.add(last.generation);
      // What was in pipes went with it; also of the run before, which may have ended this moment.
      for (const { generation } of runs.slice(-2)) program.mayLack.add(generation);
      // By its definition it is to be up at each start of the host.
      program.wantsUp = true;
    }
  });
  soak.figures.reboots += 1;
}
