import { TicketPage } from "./ticket-page.tsx";

/** One request of the organization. */
export const Page = () => <TicketPage home="/console/requests" />;
