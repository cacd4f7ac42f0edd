// Round trips between AWS regions, in milliseconds: typical, rounded values from what latency monitors publish.

/** Between instances of one region. */
const WITHIN_REGION_MS = 2;

/** Each pair stands once: both directions take the same time. */
const BETWEEN_MS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'us-east-1': {
    'us-east-2': 12,
    'us-west-2': 65,
    'eu-west-1': 75,
    'eu-central-1': 92,
    'sa-east-1': 115,
    'ap-northeast-1': 155,
    'ap-southeast-2': 200,
  },
  'us-east-2': {
    'us-west-2': 50,
    'eu-west-1': 85,
    'eu-central-1': 100,
    'sa-east-1': 125,
    'ap-northeast-1': 145,
    'ap-southeast-2': 190,
  },
  'us-west-2': {
    'eu-west-1': 120,
    'eu-central-1': 140,
    'sa-east-1': 175,
    'ap-northeast-1': 95,
    'ap-southeast-2': 140,
  },
  'eu-west-1': { 'eu-central-1': 25, 'sa-east-1': 180, 'ap-northeast-1': 205, 'ap-southeast-2': 255 },
  'eu-central-1': { 'sa-east-1': 200, 'ap-northeast-1': 230, 'ap-southeast-2': 250 },
  'sa-east-1': { 'ap-northeast-1': 260, 'ap-southeast-2': 310 },
  'ap-northeast-1': { 'ap-southeast-2': 105 },
};

/** Round trips from a region to itself and to all that are known from there, nearest first. */
export function roundTripsFrom(homeRegion: string): Readonly<Record<string, number>> {
  const others = Object.entries(BETWEEN_MS).flatMap(([region, row]): [string, number][] => {
    if (region === homeRegion) return Object.entries(row);
    const milliseconds = row[homeRegion];
    return milliseconds === undefined ? [] : [[region, milliseconds]];
  });
  const nearestFirst = others.sort(([, one], [, other]) => one - other);
  return Object.fromEntries([[homeRegion, WITHIN_REGION_MS], ...nearestFirst]);
}
