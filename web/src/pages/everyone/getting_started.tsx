export default function ToBeWritten() {
  return null;
}
