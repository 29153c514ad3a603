import type { Words } from "..";
import type english from "../en/admin";

export default {} satisfies Words<typeof english>;
