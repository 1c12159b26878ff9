/** Two forms of the mock, and the endpoint of one of them. */

const option = (id: string, title: string, description = ""): object => ({ id, title, ...(description === "" ? {} : { description }) });

/** Three screens; the endpoint says which times are free, and ends the form. */
export const TABLE_FORM = {
  version: "7.1",
  data_api_version: "3.0",
  routing_model: { DETAILS: ["TIMES"], TIMES: ["CONFIRM"], CONFIRM: [] },
  screens: [
    {
      id: "DETAILS",
      title: "Book a table",
      data: { name: { type: "string", __example__: "Ana" } },
      layout: {
        type: "SingleColumnLayout",
        children: [
          { type: "TextHeading", text: "A table under the arcade" },
          { type: "TextBody", text: "`'Good afternoon, ' ${data.name} '. When would you like to come?'`" },
          {
            type: "Form",
            name: "details",
            "init-values": { name: "${data.name}" },
            children: [
              { type: "TextInput", name: "name", label: "Name", required: true, "input-type": "text", "max-chars": 40 },
              { type: "TextInput", name: "phone", label: "Phone number", "input-type": "phone", "helper-text": "Only if something changes" },
              { type: "Dropdown", name: "people", label: "How many", required: true, "data-source": [option("2", "2 people"), option("4", "4 people"), option("9", "9 people")] },
              { type: "RadioButtonsGroup", name: "where", label: "Where", required: true, "data-source": [option("in", "Inside", "By the stove"), option("out", "Outside", "Under the arcade")] },
              // oxlint-disable-next-line unicorn/no-thenable -- the word of Flow JSON
              { type: "If", condition: "${form.where} == 'out'", then: [{ type: "OptIn", name: "blankets", label: "Blankets, please" }] },
              {
                type: "Footer",
                label: "See free times",
                "on-click-action": { name: "data_exchange", payload: { name: "${form.name}", people: "${form.people}", where: "${form.where}" } },
              },
            ],
          },
        ],
      },
    },
    {
      id: "TIMES",
      title: "Free times",
      data: { times: { type: "array", items: { type: "object" }, __example__: [option("1", "19:00")] }, note: { type: "string", __example__: "" } },
      layout: {
        type: "SingleColumnLayout",
        children: [
          { type: "TextBody", text: "${data.note}" },
          { type: "ChipsSelector", name: "time", label: "When would suit you", required: true, "max-selected-items": 2, "data-source": "${data.times}" },
          { type: "TextArea", name: "wish", label: "Anything we should know", "max-length": 200 },
          { type: "Footer", label: "Continue", "on-click-action": { name: "navigate", next: { type: "screen", name: "CONFIRM" }, payload: { time: "${form.time}" } } },
        ],
      },
    },
    {
      id: "CONFIRM",
      title: "One more look",
      terminal: true,
      success: true,
      data: { time: { type: "array", __example__: [] } },
      layout: {
        type: "SingleColumnLayout",
        children: [
          { type: "TextSubheading", text: "`${screen.DETAILS.form.name} ', ' ${screen.DETAILS.form.people} ' people'`" },
          { type: "TextCaption", text: "We keep the table for a quarter of an hour." },
          { type: "OptIn", name: "terms", label: "I will call if I cannot come", required: true },
          { type: "Footer", label: "Book", "on-click-action": { name: "data_exchange", payload: { time: "${data.time}", name: "${screen.DETAILS.form.name}" } } },
        ],
      },
    },
  ],
};

/** One screen that needs no endpoint; kept on the server, so it is fetched when it is opened. */
export const FEEDBACK_FORM = {
  version: "6.3",
  screens: [
    {
      id: "FEEDBACK",
      title: "How was it?",
      terminal: true,
      layout: {
        type: "SingleColumnLayout",
        children: [
          { type: "RadioButtonsGroup", name: "stars", label: "The bread was", required: true, "data-source": [option("good", "Good"), option("fair", "Fair"), option("poor", "Not so good")] },
          { type: "CheckboxGroup", name: "liked", label: "What did you like?", "data-source": [option("crust", "The crust"), option("people", "The people"), option("square", "The square")] },
          { type: "DatePicker", name: "visited", label: "When were you there?", "max-date": "2030-12-31" },
          { type: "ShinyNewThing", name: "later" },
          { type: "Footer", label: "Send", "on-click-action": { name: "complete", payload: { stars: "${form.stars}", liked: "${form.liked}" } } },
        ],
      },
    },
  ],
};

type Request = { action: string; screen: string; data: Record<string, unknown>; flow_token: string };

/** What the restaurant's endpoint answers. */
export function exchange(request: Request): object {
  if (request.action === "INIT") return { screen: "DETAILS", data: { name: "Ana" } };
  if (request.screen === "DETAILS") {
    if (request.data["people"] === "9") return { screen: "DETAILS", data: { error_message: "We have no table for nine. Two tables of four and five?" } };
    return { screen: "TIMES", data: { note: "These tables are free this evening.", times: [option("1900", "19:00"), option("1930", "19:30"), option("2015", "20:15")] } };
  }
  return { screen: "SUCCESS", data: { extension_message_response: { params: { flow_token: request.flow_token, ...request.data, table: "A4" } } } };
}
