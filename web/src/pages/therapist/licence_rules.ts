/** What the contract asks of a licence, told before it is sent. */
const NUMBER = /^[\p{L}\p{N}][\p{L}\p{N} ./-]{1,39}$/u;
const REGION = /^\p{L}[\p{L}\p{N}\p{M} .,'’()-]{1,59}$/u;

type LicenceField = "licenceNumber" | "region" | "expiresOn";

/** The fields that are at fault; days are written as `2030-12-31`. */
export function faultsOf(given: Record<string, string>, today: string): LicenceField[] {
  const { licenceNumber = "", region = "", expiresOn = "" } = given;
  const wrong: [LicenceField, boolean][] = [
    ["licenceNumber", !NUMBER.test(licenceNumber.trim())],
    ["region", !REGION.test(region.trim())],
    ["expiresOn", !expiresOn || expiresOn < today],
  ];
  return wrong.filter(([, isWrong]) => isWrong).map(([field]) => field);
}
