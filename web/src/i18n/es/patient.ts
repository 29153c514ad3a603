import type { Words } from "..";
import type english from "../en/patient";

export default {} satisfies Words<typeof english>;
