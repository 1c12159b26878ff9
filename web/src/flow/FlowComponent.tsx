/** A component of a form, by its type. What this version does not know leaves a quiet note, and the rest works. */
import { text } from "./document";
import type { Component } from "./document";
import { ChoiceField } from "./ChoiceField";
import { DateField, RangeField } from "./DateFields";
import { DropdownField } from "./DropdownField";
import { Picture, PictureRow } from "./Pictures";
import { LinkRow, NavigationList } from "./Navigation";
import { OptInField } from "./OptInField";
import { PickerField } from "./PickerField";
import { TextField } from "./TextField";
import { TextOf, isText } from "./Texts";

export type FieldProps = {
  component: Component;
  value: unknown;
  error: string | null;
  busy: boolean;
  version: number;
  onChange: (value: unknown) => void;
  onAct: (action: unknown, chosen?: { name: string; value: unknown }) => void;
};

export function FlowComponent(props: FieldProps) {
  const { component } = props;
  if (isText(component)) return <TextOf component={component} />;
  switch (component.type) {
    case "TextInput":
    case "TextArea":
      return <TextField {...props} />;
    case "Dropdown":
      return <DropdownField {...props} />;
    case "RadioButtonsGroup":
    case "CheckboxGroup":
    case "ChipsSelector":
      return <ChoiceField {...props} />;
    case "OptIn":
      return <OptInField {...props} />;
    case "DatePicker":
      return <DateField {...props} />;
    case "CalendarPicker":
      return component["mode"] === "range" ? <RangeField {...props} /> : <DateField {...props} />;
    case "PhotoPicker":
    case "DocumentPicker":
      return <PickerField {...props} />;
    case "Image":
      return <Picture component={component} />;
    case "ImageCarousel":
      return <PictureRow component={component} />;
    case "EmbeddedLink":
      return <LinkRow component={component} onAct={props.onAct} />;
    case "NavigationList":
      return <NavigationList component={component} busy={props.busy} onAct={props.onAct} />;
    default:
      return (
        <p className="rounded-8 border border-dashed border-line-strong px-3 py-2 text-13 text-muted">
          {text(component["label"]) || "A part of this form"}: this version of Plaza cannot show it yet.
        </p>
      );
  }
}
