// The settings in words: how they are arranged, what they are called and how their values read.

/**
 * @typedef {{title: string, choices?: Record<string, string>}} Words
 * @typedef {{title: string, settings: Record<string, Words>}} Group
 */

/** @type {Group[]} */
const groups = [
  {
    title: "People",
    settings: {
      registration: {
        title: "New parents",
        choices: { approval: "By approval", open: "At once" },
      },
      account_deletion_days: { title: "Days before deletion" },
      "feature.guests": { title: "Guests" },
      "feature.billing": { title: "Plans and payments" },
    },
  },
  {
    title: "Safety",
    settings: {
      child_contacts: {
        title: "Children’s contacts",
        choices: { approved: "Approved", open: "Everybody" },
      },
      require_admin_totp: { title: "Second factor for admins" },
      password_min_length: { title: "Shortest password" },
    },
  },
  {
    title: "Limits",
    settings: {
      rate_limit_auth: { title: "Sign-ins a minute" },
      rate_limit_messages: { title: "Messages a minute" },
    },
  },
  {
    title: "Sign-in",
    settings: {
      refresh_token_seconds: { title: "Staying signed in" },
      access_token_seconds: { title: "Access token" },
      single_token_seconds: { title: "Sign-in without renewal" },
      argon2_time_cost: { title: "Passes of a password’s hash" },
      argon2_memory_kib: { title: "Memory of a password’s hash" },
    },
  },
];

/**
 * The settings in their groups, each with its words; what is not known here comes last.
 * @template {{name: string}} S
 * @param {S[]} settings
 * @returns {{title: string, rows: {setting: S, words: Words}[]}[]}
 */
export function arrange(settings) {
  const known = groups.map(({ title, settings: named }) => ({
    title,
    rows: Object.entries(named).flatMap(([name, words]) =>
      settings.filter((setting) => setting.name === name).map((setting) => ({ setting, words })),
    ),
  }));
  const names = new Set(groups.flatMap((group) => Object.keys(group.settings)));
  const others = settings
    .filter(({ name }) => !names.has(name))
    .map((setting) => ({ setting, words: wordsOf(setting.name) }));
  return [...known, { title: "More", rows: others }].filter(({ rows }) => rows.length);
}

/** @param {string} name @returns {Words} */
function wordsOf(name) {
  const words = name.replace(/^feature\./, "").replaceAll("_", " ");
  return { title: words.charAt(0).toUpperCase() + words.slice(1) };
}

/** @type {[Intl.NumberFormatOptions["unit"], number][]} */
const units = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/**
 * What a number amounts to, where that is easier to read than the number.
 * @param {string} name @param {boolean | number | string} value
 */
export function readingOf(name, value) {
  if (typeof value !== "number") return "";
  if (name.endsWith("_seconds")) {
    for (const [unit, seconds] of units) {
      if (value >= seconds && value % seconds === 0) return format(value / seconds, unit);
    }
  }
  if (name.endsWith("_kib") && value >= 1024) return format(value / 1024, "megabyte");
  return "";
}

/** @param {number} value @param {Intl.NumberFormatOptions["unit"]} unit */
function format(value, unit) {
  const options = { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 };
  return new Intl.NumberFormat("en", /** @type {Intl.NumberFormatOptions} */ (options)).format(value);
}
