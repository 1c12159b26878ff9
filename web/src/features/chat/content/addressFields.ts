/** The fields of a postal address per country, and the document in which a business asks for them, read without trust. */
export type AddressField = { name: string; label: string; required: boolean; pattern?: RegExp; wrong?: string; numeric?: boolean; complete?: string };

const PERSON: AddressField[] = [
  { name: "name", label: "Name", required: true, complete: "name" },
  { name: "phone_number", label: "Phone number", required: true, pattern: /^\+?[\d\s()-]{6,20}$/, wrong: "Write a phone number.", complete: "tel" },
];

const FIELDS: Record<string, AddressField[]> = {
  IN: [
    ...PERSON,
    { name: "in_pin_code", label: "PIN code", required: true, pattern: /^[1-9]\d{5}$/, wrong: "A PIN code has six digits.", numeric: true, complete: "postal-code" },
    { name: "house_number", label: "House or flat number", required: false },
    { name: "floor_number", label: "Floor", required: false },
    { name: "tower_number", label: "Tower", required: false },
    { name: "building_name", label: "Building", required: false },
    { name: "address", label: "Street and area", required: true, complete: "street-address" },
    { name: "landmark_area", label: "Landmark", required: false },
    { name: "city", label: "City", required: true, complete: "address-level2" },
    { name: "state", label: "State", required: false, complete: "address-level1" },
  ],
  SG: [
    ...PERSON,
    { name: "sg_post_code", label: "Postcode", required: true, pattern: /^\d{6}$/, wrong: "A postcode has six digits.", numeric: true, complete: "postal-code" },
    { name: "unit_number", label: "Unit number", required: false },
    { name: "building_name", label: "Building", required: false },
    { name: "address", label: "Block and street", required: true, complete: "street-address" },
    { name: "landmark_area", label: "Landmark", required: false },
    { name: "city", label: "City", required: false, complete: "address-level2" },
  ],
};

const ELSEWHERE: AddressField[] = [
  ...PERSON,
  { name: "address", label: "Street and number", required: true, complete: "street-address" },
  { name: "post_code", label: "Postcode", required: true, complete: "postal-code" },
  { name: "city", label: "City", required: true, complete: "address-level2" },
];

export type Values = Record<string, string>;
export type Saved = { id: string; values: Values };

export function fieldsOf(country: string): AddressField[] {
  return FIELDS[country] ?? ELSEWHERE;
}

function parse(json: string): unknown {
  try {
    return json === "" ? null : (JSON.parse(json) as unknown);
  } catch {
    return null;
  }
}

function texts(value: unknown): Values {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).flatMap(([name, each]) => (typeof each === "string" || typeof each === "number" ? [[name, String(each)]] : [])));
}

/** Values to begin with, or what was wrong with the last ones. */
export function valuesOf(json: string): Values {
  return texts(parse(json));
}

export function savedOf(json: string): Saved[] {
  const list = parse(json);
  if (!Array.isArray(list)) return [];
  return list.slice(0, 20).flatMap((each: unknown): Saved[] => {
    if (typeof each !== "object" || each === null) return [];
    const { id, value } = each as { id?: unknown; value?: unknown };
    return typeof id === "string" ? [{ id, values: texts(value) }] : [];
  });
}

/** What is wrong with an address, by field. */
export function wrongWith(fields: readonly AddressField[], values: Values): Values {
  const wrong: Values = {};
  for (const field of fields) {
    const value = (values[field.name] ?? "").trim();
    if (value === "" && field.required) wrong[field.name] = "This is needed.";
    else if (value !== "" && field.pattern && !field.pattern.test(value)) wrong[field.name] = field.wrong ?? "This does not look right.";
  }
  return wrong;
}
