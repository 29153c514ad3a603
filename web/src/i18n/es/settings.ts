import type { Words } from "..";
import type english from "../en/settings";

export default {} satisfies Words<typeof english>;
