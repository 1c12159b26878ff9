/** What a picker of a form takes: how many, how large, of which kinds (Flow JSON 4.0 and later). */
import { text } from "./document";
import type { Component } from "./document";

/** Files of one picker; a form may ask for fewer. */
const FILES_MAX = 30;
/** Kilobytes of one file; a form may ask for less. */
const FILE_KB_MAX = 25_600;

function number(value: unknown, otherwise: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
}

export function filesOf(value: unknown): File[] {
  return Array.isArray(value) ? value.filter((each) => each instanceof File) : [];
}

/** Some forms write the number as it is, others as an object with a message of their own. */
function bound(value: unknown, otherwise: number): number {
  return number(typeof value === "object" && value !== null && "value" in value ? value.value : value, otherwise);
}

export function limitsOf(component: Component): { min: number; max: number; kilobytes: number } {
  const what = component.type === "PhotoPicker" ? "photos" : "documents";
  return {
    min: bound(component[`min-uploaded-${what}`], component["required"] === true ? 1 : 0),
    max: Math.min(bound(component[`max-uploaded-${what}`], FILES_MAX), FILES_MAX),
    kilobytes: Math.min(bound(component["max-file-size-kb"], FILE_KB_MAX), FILE_KB_MAX),
  };
}

function kindsOf(component: Component): string[] {
  if (component.type === "PhotoPicker") return ["image/jpeg", "image/png"];
  const allowed = component["allowed-mime-types"];
  return Array.isArray(allowed) ? allowed.map(text).filter((each) => each !== "") : [];
}

export function acceptOf(component: Component): string {
  return kindsOf(component).join(",");
}

export function sizeOf(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** What is wrong with what was picked; null: nothing. */
export function wrongFiles(component: Component, files: readonly File[]): string | null {
  const { min, kilobytes } = limitsOf(component);
  const what = component.type === "PhotoPicker" ? "photo" : "document";
  const many = (count: number): string => `${count} ${what}${count === 1 ? "" : "s"}`;
  if (files.length < min) return `Add at least ${many(min)}.`;
  const kinds = kindsOf(component);
  const strange = files.find((file) => kinds.length > 0 && !kinds.includes(file.type));
  if (strange) return `${strange.name} is not of a kind that can be sent here.`;
  const large = files.find((file) => file.size > kilobytes * 1024);
  return large ? `${large.name} is too large: a ${what} may have ${sizeOf(kilobytes * 1024)}.` : null;
}
