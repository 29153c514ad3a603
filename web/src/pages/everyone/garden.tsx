/** The welcome page's own drawing: something that grows, in calm light. */
import { classes } from "@/ui/classes";

export function Garden({ title, className }: { title: string; className?: string }) {
  return (
    <svg
      viewBox="0 0 480 400"
      role="img"
      aria-label={title}
      className={classes("rounded-[2.5rem]", className)}
      fill="none"
    >
      <circle cx="352" cy="112" r="58" className="fill-sun-soft" />
      <circle cx="352" cy="112" r="38" className="fill-sun opacity-25" />
      <path d="M0 300c70-62 150-70 232-38s168 20 248-34v172H0Z" className="fill-leaf-soft" />
      <path d="M0 344c96-44 196-40 282-12s136 18 198-10v78H0Z" className="fill-leaf opacity-20" />
      <g strokeLinecap="round" strokeLinejoin="round" className="stroke-leaf" strokeWidth="5">
        <path d="M206 352c6-62-4-104 14-172" />
        <path d="M209 292c-34 2-64-14-74-50 38-4 66 12 74 50Z" className="fill-leaf-soft" />
        <path d="M209 292c-18-20-36-34-58-42" strokeWidth="3" />
        <path d="M210 248c32-4 58-24 62-60-36 2-60 22-62 60Z" className="fill-leaf-soft" />
        <path d="M210 248c12-20 26-34 46-46" strokeWidth="3" />
        <path d="M208 330c26 4 48-4 60-28-26-10-48 0-60 28Z" className="fill-leaf-soft" />
      </g>
      <g className="fill-petal-soft stroke-petal" strokeWidth="4" strokeLinejoin="round">
        <path d="M221 150c-22-16-26-44-10-60 20 10 26 38 10 60Z" />
        <path d="M221 150c-4-28 14-50 38-52 4 22-12 46-38 52Z" />
        <path d="M221 150c24-12 50-4 58 18-20 12-46 4-58-18Z" />
        <path d="M221 150c10 24 0 48-22 56-12-20-2-46 22-56Z" />
        <path d="M221 150c-26 8-50-4-56-28 22-8 46 4 56 28Z" />
      </g>
      <circle cx="221" cy="150" r="13" className="fill-sun" />
      <g strokeLinecap="round" className="stroke-leaf opacity-60" strokeWidth="4">
        <path d="M70 352c2-18-2-30-10-40M76 352c2-14 8-22 16-28M392 334c0-20 4-32 12-42M386 334c-2-12-8-20-16-26" />
      </g>
    </svg>
  );
}
