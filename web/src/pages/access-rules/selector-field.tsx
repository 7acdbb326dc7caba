import { Button, Input, Radio, Select } from "antd";
import { useTranslation } from "react-i18next";
import { type AccessRule, MATCHES } from "../../../../src/assets/schema.ts";
import { IdsControl } from "../../kit/index.ts";

type Selector = NonNullable<AccessRule["users"]>;
type Condition = Extract<Selector, { type: "attributes" }>["all"][number];
type AnySource = Parameters<typeof IdsControl>[0]["source"];
/** Attributes with their types, and where the ids of some are chosen from. */
export interface Selecting {
  readonly attributes: Readonly<Record<string, keyof typeof MATCHES>>;
  readonly ids: AnySource;
  readonly sources: Readonly<Record<string, AnySource>>;
}
const ONE = new Set<string>(["equals", "contains", "starts-with", "ends-with"]);

interface Props {
  readonly id: string;
  readonly value: Selector;
  readonly change: (value: Selector) => void;
  readonly leave: () => void;
  readonly selecting: Selecting;
  readonly label: string;
}

/** Whom or what a rule means: all, some by name, or those of which every condition holds. */
export function SelectorField({ id, value, change, leave, selecting, label }: Props) {
  const { t } = useTranslation();
  const fresh = {
    all: { type: "all" },
    ids: { type: "ids", ids: [] },
    attributes: { type: "attributes", all: [newCondition(selecting)] },
  } as const satisfies Record<Selector["type"], Selector>;
  return (
    <div className="stack" role="group" id={id} aria-label={label}>
      <Radio.Group
        value={value.type}
        onChange={(event) => change(fresh[event.target.value as Selector["type"]])}
        options={(["all", "ids", "attributes"] as const).map((type) => ({
          value: type,
          label: t(`accessRules.selector.${type}`),
        }))}
      />
      {value.type === "ids" && (
        <IdsControl
          id={`${id}-ids`}
          source={selecting.ids}
          value={value.ids}
          change={(ids) => change({ type: "ids", ids })}
          leave={leave}
        />
      )}
      {value.type === "attributes" && (
        <>
          {value.all.map((condition, place) => (
            <ConditionLine
              // oxlint-disable-next-line react/no-array-index-key -- conditions have no identity but their place
              key={place}
              id={`${id}-${place}`}
              condition={condition}
              selecting={selecting}
              leave={leave}
              change={(next) => change({ ...value, all: value.all.with(place, next) })}
              {...(value.all.length > 1 && {
                remove: () => change({ ...value, all: value.all.toSpliced(place, 1) }),
              })}
            />
          ))}
          <Button size="small" onClick={() => change({ ...value, all: [...value.all, newCondition(selecting)] })}>
            {t("accessRules.selector.add")}
          </Button>
        </>
      )}
    </div>
  );
}

const newCondition = ({ attributes }: Selecting): Condition => {
  const [name = ""] = Object.keys(attributes);
  return { name, match: "equals", value: "" };
};

function ConditionLine(props: {
  id: string;
  condition: Condition;
  selecting: Selecting;
  change: (next: Condition) => void;
  leave: () => void;
  remove?: () => void;
}) {
  const { t } = useTranslation();
  const { id, condition, selecting, change, leave, remove } = props;
  const { name, match, value } = condition;
  const matches: readonly Condition["match"][] = MATCHES[selecting.attributes[name] ?? "text"];
  const fitting = (next: Condition["match"]): Condition["value"] =>
    ONE.has(next) ? ([value].flat()[0] ?? "") : [value].flat().filter((one) => one !== "");
  const ids = selecting.sources[name];
  return (
    <div className="row wrap">
      <Select
        aria-label={t("accessRules.selector.attribute")}
        value={name}
        style={{ width: 130 }}
        options={Object.keys(selecting.attributes).map((one) => ({
          value: one,
          label: t(`accessRules.attributes.${one}` as "accessRules.attributes.name"),
        }))}
        onChange={(next: string) => {
          const [first = "equals"] = MATCHES[selecting.attributes[next] ?? "text"];
          change({ name: next, match: first, value: ONE.has(first) ? "" : [] });
        }}
      />
      <Select
        aria-label={t("accessRules.selector.match")}
        value={match}
        style={{ width: 130 }}
        options={matches.map((one) => ({ value: one, label: t(`accessRules.matches.${one}`) }))}
        onChange={(next: Condition["match"]) => change({ name, match: next, value: fitting(next) })}
      />
      <div className="grow">
        {ids && (
          <IdsControl
            id={id}
            source={ids}
            value={[value].flat()}
            change={(next) => change({ name, match, value: next })}
            leave={leave}
          />
        )}
        {!ids && ONE.has(match) && (
          <Input
            id={id}
            aria-label={t("accessRules.selector.value")}
            value={[value].flat()[0] ?? ""}
            onChange={(event) => change({ name, match, value: event.target.value })}
            onBlur={leave}
          />
        )}
        {!ids && !ONE.has(match) && (
          <Select
            id={id}
            mode="tags"
            open={false}
            suffixIcon={null}
            aria-label={t("accessRules.selector.value")}
            value={[value].flat()}
            tokenSeparators={[",", " "]}
            onChange={(next: string[]) => change({ name, match, value: next })}
            onBlur={leave}
            style={{ width: "100%" }}
          />
        )}
      </div>
      {remove && (
        <Button size="small" type="text" onClick={remove}>
          {t("accessRules.selector.remove")}
        </Button>
      )}
    </div>
  );
}
