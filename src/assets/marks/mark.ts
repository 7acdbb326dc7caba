import { Fault, notFound } from "../../core/index.ts";
import { serve } from "../../db/index.ts";
import { myAssets } from "../grants/my-assets.ts";
import { countFavourites, lockMark, putMark } from "./mark.store.ts";
import { markAsset } from "./schema.ts";

const MOST_FAVOURITES = 1_000;

const mark = serve(markAsset, {
  access: "signed-in",
  async run({ db, actor, now, about }, { id, ...changes }) {
    const { items } = await myAssets(db, actor, { called: id, limit: 1 }, now);
    const asset = items.find((item) => item.id === id);
    if (!asset) throw notFound("asset");
    about({ kind: "asset", id, name: asset.name });
    const place = { orgId: actor.orgId ?? "", userId: actor.id ?? "", assetId: id };
    const before = await lockMark(db, place);
    const after = {
      favourite: changes.favourite ?? before.favourite,
      ownName: changes.ownName === undefined ? before.ownName : changes.ownName,
    };
    if (after.favourite && !before.favourite && (await countFavourites(db, place)) >= MOST_FAVOURITES)
      throw new Fault("conflict", `One has at most ${MOST_FAVOURITES} favourites. Remove some first.`);
    await putMark(db, place, after);
    return after;
  },
});

export const markActions = () => [mark];
