import type { Words } from "..";
import type english from "../en/therapist";

export default {} satisfies Words<typeof english>;
