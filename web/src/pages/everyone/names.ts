/** Countries and languages, as they are called in the language of the page. */

// ISO 3166-1, alpha-2.
const COUNTRIES =
  "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/** The languages that are offered for sessions; others that a profile names stay. */
const SPOKEN =
  "en es zh tl vi ar fr ko ru ht de pt it pl hi ur fa ja gu bn pa te ta he uk el hy so am sw ase";

export interface Named {
  code: string;
  name: string;
}

/** By their names, in this language's order. */
export function countries(language: string): Named[] {
  return named(COUNTRIES.split(" "), "region", language);
}

/** The offered languages and these. */
export function spokenLanguages(language: string, besides: readonly string[] = []): Named[] {
  return named([...new Set([...SPOKEN.split(" "), ...besides])], "language", language);
}

function named(codes: string[], type: "region" | "language", language: string): Named[] {
  const names = new Intl.DisplayNames(language, { type });
  return codes
    .map((code) => ({ code, name: names.of(code) ?? code }))
    .sort((one, other) => one.name.localeCompare(other.name, language));
}
