/** Money, numbers, files, addresses: rules that a change must not bend silently. */
import { describe, expect, it } from "vitest";
import { csv } from "./csv";
import { change, decimal, money, price, sumByCurrency } from "./money";
import { fileSize, normalizeNumber, practiceNumber, readableNumber } from "./number";
import { paths } from "./paths";
import { ago, dayLabel, startOfDay } from "./time";
import { telephone, webAddress } from "./web";

describe("money", () => {
  it("cuts the decimal text from the integer", () => {
    expect(decimal(55_000)).toBe("0.055");
    expect(decimal(-1_500_000)).toBe("-1.5");
    expect(decimal(9_007_199_254_740_991)).toBe("9007199254.740991");
    expect(decimal(0)).toBe("0");
  });

  it("keeps all six places of a unit price", () => {
    expect(money(31_651, "USD", "exact")).toContain("0.031651");
    expect(money(1_000_000, "USD", "exact")).toContain("1.00");
  });

  it("shows an amount of a currency that is none as it was written", () => {
    expect(price(4_200_000, "EUR")).toContain("4.20");
    expect([price(4_200_000, "bread"), price(1, "")]).toEqual(["4.2 bread", "0.000001"]);
  });

  it("never adds two currencies", () => {
    const rows = [
      { currency: "EUR", amount_micros: 1 },
      { currency: "USD", amount_micros: 5 },
      { currency: "EUR", amount_micros: 2 },
    ];
    expect(sumByCurrency(rows)).toEqual([
      { currency: "USD", amount_micros: 5 },
      { currency: "EUR", amount_micros: 3 },
    ]);
  });

  it("compares only with something", () => {
    expect(change(5, 0)).toBeNull();
    expect(change(80, 100)).toMatchObject({ up: false });
  });
});

describe("numbers", () => {
  it("reads what people write", () => {
    expect(normalizeNumber(" +49 (30) 901-820 ")).toBe("+4930901820");
    expect(normalizeNumber("0049 30 901820")).toBe("+4930901820");
    expect(normalizeNumber("030 901820")).toBeNull();
    expect(normalizeNumber("+12")).toBeNull();
    expect(normalizeNumber("+49abc30901820")).toBeNull();
  });

  it("makes practice numbers that are numbers", () => {
    expect(normalizeNumber(practiceNumber(() => 0))).toBe("+9990000000000");
    expect(normalizeNumber(practiceNumber(() => 0.999_999_9))).toBe("+9990000999999");
  });

  it("groups without losing a digit", () => {
    expect(readableNumber("+4930901820").replaceAll(" ", "")).toBe("+4930901820");
  });
});

describe("csv", () => {
  it("quotes, and keeps a spreadsheet from computing", () => {
    expect(csv([["a,b", 'say "x"', 3], ["=1+1", "+49", -2]])).toBe('"a,b","say ""x""",3\r\n\'=1+1,\'+49,-2');
  });
});

describe("times", () => {
  const noon = startOfDay(Date.now()) + 12 * 3_600_000;
  it("names the days near", () => {
    expect(dayLabel(noon, noon)).toBe("Today");
    expect(dayLabel(noon - 24 * 3_600_000, noon)).toBe("Yesterday");
  });
  it("is relative only below a day", () => {
    expect(ago(noon - 120_000, noon)).toContain("2");
    expect(ago(noon - 30 * 3_600_000, noon)).not.toContain("ago");
  });
});

it("calls these addresses", () => {
  expect([
    paths.world(), paths.sandboxSession(), paths.overview(), paths.revenue({ period: "month", by: "plan" }), paths.charges({ limit: 50, after: null }),
    paths.charges({ limit: 50, after: "a/b" }), paths.charge("chg_1"), paths.webhookDeliveries("operator", { limit: 10, after: "c" }, {}), paths.resend("operator", "whd_1"),
    paths.outbox(), paths.templates("PENDING"), paths.approveTemplate("tpl_1"), paths.rejectTemplate("tpl_1"),
  ]).toMatchInlineSnapshot(`
    [
      "/demo/api/world",
      "/_sandbox/session",
      "/operator/api/overview",
      "/operator/api/revenue?period=month&by=plan",
      "/operator/api/charges?limit=50",
      "/operator/api/charges?limit=50&after=a%2Fb",
      "/operator/api/charges/chg_1",
      "/operator/api/webhook-deliveries?limit=10&after=c",
      "/operator/api/webhook-deliveries/whd_1/resend",
      "/operator/api/outbox",
      "/operator/api/templates?status=PENDING",
      "/operator/api/templates/tpl_1/approve",
      "/operator/api/templates/tpl_1/reject",
    ]
  `);
});

describe("addresses that somebody else wrote", () => {
  it("open only when they are of the web", () => {
    expect([webAddress("https://example.org/a"), webAddress("HTTP://example.org")]).toEqual(["https://example.org/a", "http://example.org/"]);
    expect(["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "//example.org", "example.org", ""].map(webAddress)).toEqual([null, null, null, null, null, null]);
  });

  it("dial digits and nothing else", () => {
    expect(telephone("+49 (30) 90-18;ext=1")).toBe("tel:+493090181");
  });
});

it("says sizes of files in words that people know", () => {
  expect([fileSize(0), fileSize(13), fileSize(214_300), fileSize(4_200_000)]).toEqual(["0 byte", "13 byte", "214 kB", "4.2 MB"]);
});
