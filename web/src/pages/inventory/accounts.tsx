import { AccountList } from "./account-list.tsx";
import "../admin.css";

/** The accounts on all assets. */
export const Page = () => <AccountList />;
