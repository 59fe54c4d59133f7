// The button in a panel's corner.
export function CloseButton({ label, onClose }: { label: string; onClose: () => void }) {
  return (
    <button className="x" onClick={onClose} aria-label={label}>
      ×
    </button>
  );
}
