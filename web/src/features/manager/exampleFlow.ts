/** What a new flow begins with: two screens, no endpoint, every part that one needs first. */
export const EXAMPLE_FORM = {
  version: "7.1",
  screens: [
    {
      id: "WISHES",
      title: "Your order",
      layout: {
        type: "SingleColumnLayout",
        children: [
          { type: "TextHeading", text: "What may we bake for you?" },
          {
            type: "Form",
            name: "wishes",
            children: [
              {
                type: "RadioButtonsGroup",
                name: "bread",
                label: "Bread",
                required: true,
                "data-source": [
                  { id: "walnut", title: "Walnut loaf" },
                  { id: "rye", title: "Rye loaf" },
                ],
              },
              { type: "DatePicker", name: "day", label: "On which day", required: true },
              { type: "Footer", label: "Continue", "on-click-action": { name: "navigate", next: { type: "screen", name: "PERSON" }, payload: { bread: "${form.bread}", day: "${form.day}" } } },
            ],
          },
        ],
      },
    },
    {
      id: "PERSON",
      title: "About you",
      terminal: true,
      data: { bread: { type: "string", __example__: "walnut" }, day: { type: "string", __example__: "2026-12-01" } },
      layout: {
        type: "SingleColumnLayout",
        children: [
          {
            type: "Form",
            name: "person",
            children: [
              { type: "TextInput", name: "name", label: "Name on the bag", required: true, "input-type": "text" },
              { type: "OptIn", name: "news", label: "Tell me about new breads" },
              { type: "Footer", label: "Order", "on-click-action": { name: "complete", payload: { bread: "${data.bread}", day: "${data.day}", name: "${form.name}", news: "${form.news}" } } },
            ],
          },
        ],
      },
    },
  ],
};
