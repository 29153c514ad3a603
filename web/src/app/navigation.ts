/** What each role finds in the menu. */
import {
  CalendarDays,
  ChartLine,
  ClipboardCheck,
  Clock,
  FileSearch,
  HeartHandshake,
  House,
  type LucideIcon,
  MessageCircle,
  ScrollText,
  ShieldAlert,
  Sparkles,
  Users,
} from "lucide-react";
import type { Role } from "@/session/session";

export interface MenuEntry {
  to: string;
  /** Its words, in `nav` of the catalogue. */
  name:
    | "home"
    | "therapists"
    | "appointments"
    | "messages"
    | "patients"
    | "availability"
    | "alerts"
    | "review"
    | "users"
    | "licences"
    | "audit"
    | "models"
    | "oversight"
    | "metrics";
  icon: LucideIcon;
}

export const MENUS: Record<Role, readonly MenuEntry[]> = {
  PATIENT: [
    { to: "/dashboard", name: "home", icon: House },
    { to: "/messages", name: "messages", icon: MessageCircle },
    { to: "/appointments", name: "appointments", icon: CalendarDays },
    { to: "/therapists", name: "therapists", icon: HeartHandshake },
  ],
  THERAPIST: [
    { to: "/dashboard", name: "home", icon: House },
    { to: "/messages", name: "messages", icon: MessageCircle },
    { to: "/alerts", name: "alerts", icon: ShieldAlert },
    { to: "/patients", name: "patients", icon: Users },
    { to: "/appointments", name: "appointments", icon: CalendarDays },
    { to: "/availability", name: "availability", icon: Clock },
    { to: "/review", name: "review", icon: ClipboardCheck },
  ],
  ADMINISTRATOR: [
    { to: "/admin", name: "home", icon: House },
    { to: "/admin/users", name: "users", icon: Users },
    { to: "/admin/licences", name: "licences", icon: ClipboardCheck },
    { to: "/admin/alerts", name: "alerts", icon: ShieldAlert },
    { to: "/admin/models", name: "models", icon: Sparkles },
    { to: "/admin/audit", name: "audit", icon: ScrollText },
    { to: "/admin/break-glass", name: "oversight", icon: FileSearch },
    { to: "/admin/metrics", name: "metrics", icon: ChartLine },
  ],
};
