import type { TFunction } from "i18next";
import type { Group } from "../../../../src/iam/schema.ts";
import { type Column, Time } from "../../kit/index.ts";

/** The columns of every list of groups. */
export const groupColumns = (t: TFunction): readonly Column<Group>[] => [
  {
    key: "name",
    title: t("terms.name"),
    width: "minmax(160px, 1fr)",
    always: true,
    render: ({ name }) => <span className="strong">{name}</span>,
  },
  {
    key: "members",
    title: t("identity.groups.members"),
    width: "100px",
    align: "right",
    render: ({ members }) => members,
  },
  {
    key: "comment",
    title: t("terms.comment"),
    width: "minmax(160px, 2fr)",
    wide: true,
    render: ({ comment }) => <span className="muted">{comment}</span>,
  },
  {
    key: "created",
    title: t("terms.created"),
    width: "120px",
    wide: true,
    render: ({ createdAt }) => <Time at={createdAt} />,
  },
];
