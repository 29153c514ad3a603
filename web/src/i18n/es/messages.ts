import type { Words } from "..";
import type english from "../en/messages";

export default {} satisfies Words<typeof english>;
