import type { Words } from "..";
import type english from "../en/everyone";

export default {} satisfies Words<typeof english>;
