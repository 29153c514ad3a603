import { expect, it } from "vitest";
import { Problem } from "@/api/problem";
import { atTheForm, contactGiven, isPhone, patientChanges } from "./patient_fields";

const contact = { contactName: "Ana", contactPhone: "+34 600 000 000", contactRelationship: "sister" };

it("removes what is left empty, and keeps a contact only whole", () => {
  expect(patientChanges({ birthDate: "", phone: " +1 202 ", country: "US", ...contact })).toEqual({
    birthDate: null,
    phone: "+1 202",
    country: "US",
    emergencyContact: { name: "Ana", phone: "+34 600 000 000", relationship: "sister" },
  });
  expect(contactGiven({ ...contact, contactPhone: " " })).toBe("some");
  expect(contactGiven({})).toBe("none");
});

it("wants a telephone's country", () => {
  expect(isPhone("+1 (202) 555-0123")).toBe(true);
  expect(isPhone("202 555 0123")).toBe(false);
});

it("puts what is wrong with the contact at its own fields", () => {
  const told = new Problem("unprocessable", 422, [{ pointer: "/emergencyContact/phone", detail: "" }]);
  expect((atTheForm(told) as Problem).faultOf("contactPhone")).toBeDefined();
});
