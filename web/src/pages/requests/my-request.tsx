import { TicketPage } from "./ticket-page.tsx";

/** A request that the person asked or reviews. */
export const Page = () => <TicketPage home="/requests" own />;
