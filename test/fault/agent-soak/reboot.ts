import { goDown } from '../../support/reboot';
import type { AgentSoakHost } from './agent-soak-host';
import { kinds } from './kinds';

/** The host goes down with all that runs. Then it is there again. */
export async function reboot(soak: AgentSoakHost): Promise<void> {
  await soak.crash(async () => {
    await goDown(soak.host, kinds.map(({ short }) => soak.agent.name(short)));
    for (const program of soak.programs) {
      // What was in pipes went with it.
      const last = program.traces.runs().at(-1);
      if (last !== undefined) program.rebooted.add(last.generation);
      // By its definition it is to be up at each start of the host.
      program.wantsUp = true;
    }
  });
  soak.figures.reboots += 1;
}
