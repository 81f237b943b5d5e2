import { daemonOfBoots, newBoot } from '../../support/reboot';
import { describeOnHost, realContainers } from '../../support/requires';
import { type AgentSoakOptions, agentSoak } from './agent-soak';
import type { AgentSoakFigures } from './agent-soak-host';
import { daemonOfClock, stepClock } from './clock-steps';
import { reboot } from './reboot';

/** By hand 500; without them the tests are short, and the same each time. */
const kills = Number(process.env['AGENT_SOAK_KILLS'] ?? '20');
const seed = Number(process.env['AGENT_SOAK_SEED'] ?? '1');
const limitMs = 240_000 + kills * 5000;

async function soak(options: Omit<AgentSoakOptions, 'kills' | 'seed'>): Promise<AgentSoakFigures> {
  const figures = await agentSoak({ kills, seed, ...options });
  process.stderr.write(`agent soak: seed ${String(seed)}, ${JSON.stringify(figures)}\n`);
  expect(figures.daemonKills).toBeGreaterThan(0);
  expect(figures.deeds).toBeGreaterThan(0);
  return figures;
}

describeOnHost(`programs of all kinds under random SIGKILLs of daemon and shim (${String(kills)} kills, seed ${String(seed)})`, realContainers, () => {
  test('are started once for each start, none is forgotten, and no output is lost', async () => {
    expect((await soak({})).shimKills).toBeGreaterThan(0);
  }, limitMs);

  test('and the host starts anew again and again', async () => {
    expect((await soak({ begin: ({ host }) => { newBoot(host); }, daemon: ({ host }) => daemonOfBoots(host), between: reboot })).reboots).toBeGreaterThan(0);
  }, limitMs);

  test('and somebody sets the wall clock back and forth', async () => {
    expect((await soak({ daemon: daemonOfClock, beside: stepClock })).clockSteps).toBeGreaterThan(0);
  }, limitMs);
});
