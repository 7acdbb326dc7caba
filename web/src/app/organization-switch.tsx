import { DownOutlined } from "@ant-design/icons";
import { Button, Dropdown, Input } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { listMyOrganizations, type Me, switchOrganization } from "../../../src/iam/schema.ts";
import { call } from "../api.ts";
import { ActionFailed } from "../pages/action-failed.tsx";
import { useEndpoint } from "../query.ts";

/** Goes on in another organization; everything on the screen belongs to the one before, so the console begins anew. */
export async function enterOrganization(id: string): Promise<void> {
  await call(switchOrganization, { id });
  sessionStorage.clear();
  location.assign("/");
}

/** The organization of the request, and the way to another one. */
export function OrganizationSwitch({ me }: { me: Me }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const [search, setSearch] = useState("");
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), 150);
    return () => clearTimeout(timer);
  }, [typed]);
  const input = { limit: 50, ...(search && { search }) };
  const found = useEndpoint(listMyOrganizations, input, { enabled: open }).data?.items ?? me.organizations;
  if (me.organizations.length < 2 && me.organizations[0]?.id === me.organization.id) {
    return (
      <span className="organization" title={t("shell.organization")}>
        {me.organization.name}
      </span>
    );
  }
  const items = found.map(({ id, name }) => ({
    key: id,
    label: name,
    onClick: () => (id === me.organization.id ? setOpen(false) : void enterOrganization(id).catch(setError)),
  }));
  return (
    <>
      <Dropdown
        trigger={["click"]}
        open={open}
        onOpenChange={(next, { source }) => source === "trigger" && setOpen(next)}
        menu={{
          items: items.length > 0 ? items : [{ key: "none", label: t("orgs.switch.none"), disabled: true }],
          selectedKeys: [me.organization.id],
          className: "organization-menu",
        }}
        popupRender={(menu) => (
          <div className="organization-choice">
            <Input
              size="small"
              autoFocus
              allowClear
              value={typed}
              placeholder={t("orgs.switch.search")}
              aria-label={t("orgs.switch.search")}
              onChange={(event) => setTyped(event.target.value)}
            />
            {menu}
          </div>
        )}
      >
        <Button
          type="text"
          className="organization"
          aria-label={t("orgs.switch.label", { name: me.organization.name })}
        >
          {me.organization.name} <DownOutlined />
        </Button>
      </Dropdown>
      <ActionFailed error={error} close={() => setError(null)} />
    </>
  );
}
