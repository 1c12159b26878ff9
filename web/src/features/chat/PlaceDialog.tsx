/**
 * # Telling a place
 *
 * Where the device is (the browser asks before it says so), or coordinates that somebody types. What is sent stands on
 * the screen before it goes.
 */
import { LocateFixed } from "lucide-react";
import { useState } from "react";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field } from "@/ui/Field";

export type ChosenPlace = { latitude: number; longitude: number; name: string; address: string };

const LOCATE_MS = 15_000;
const DECIMALS = 6;

type Props = { title: string; description: string; withAddress?: boolean; onClose: () => void; onSend: (place: ChosenPlace) => Promise<boolean> };

function degree(text: string, max: number): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() !== "" && Number.isFinite(value) && Math.abs(value) <= max ? value : null;
}

function whyNot(error: GeolocationPositionError): string {
  return error.code === error.PERMISSION_DENIED ? "This browser may not tell Plaza where you are. Allow it in the address bar, or type the coordinates." : "The device could not find out where it is. Type the coordinates.";
}

export function PlaceDialog({ title, description, withAddress = true, onClose, onSend }: Props) {
  const [latitude, setLatitude] = useState("");
  const [longitude, setLongitude] = useState("");
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState<"locating" | "sending" | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [lat, lon] = [degree(latitude, 90), degree(longitude, 180)];

  function locate(): void {
    setFailed(null);
    setBusy("locating");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        setLatitude(coords.latitude.toFixed(DECIMALS));
        setLongitude(coords.longitude.toFixed(DECIMALS));
        setBusy(null);
      },
      (error) => {
        setFailed(whyNot(error));
        setBusy(null);
      },
      { timeout: LOCATE_MS, maximumAge: 60_000 },
    );
  }

  async function send(): Promise<void> {
    setTried(true);
    if (lat === null || lon === null) return;
    setFailed(null);
    setBusy("sending");
    try {
      if (await onSend({ latitude: lat, longitude: lon, name: name.trim(), address: address.trim() })) return onClose();
      setFailed("The place was not sent.");
    } catch (error) {
      setFailed(error instanceof Error ? error.message : "The place was not sent.");
    }
    setBusy(null);
  }

  return (
    <Dialog focusField open onClose={onClose} title={title} description={description}>
      <form
        noValidate
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {"geolocation" in navigator && (
          <Button onClick={locate} disabled={busy !== null}>
            <LocateFixed size={16} aria-hidden="true" />
            {busy === "locating" ? "Finding out where you are…" : "Use where I am"}
          </Button>
        )}
        <div className="grid grid-cols-2 gap-3">
          <Field label="Latitude" inputMode="decimal" autoComplete="off" placeholder="52.52000" value={latitude} error={tried && lat === null ? "From -90 to 90" : null} onChange={(event) => setLatitude(event.target.value)} />
          <Field label="Longitude" inputMode="decimal" autoComplete="off" placeholder="13.40500" value={longitude} error={tried && lon === null ? "From -180 to 180" : null} onChange={(event) => setLongitude(event.target.value)} />
        </div>
        <Field label="Name" placeholder="By the fountain" maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
        {withAddress && <Field label="Address" placeholder="Arcade Street 5" maxLength={200} value={address} onChange={(event) => setAddress(event.target.value)} />}
        {failed !== null && (
          <p role="alert" className="text-13 text-bad">
            {failed}
          </p>
        )}
        <Button kind="solid" type="submit" disabled={busy !== null}>
          Send this place
        </Button>
      </form>
    </Dialog>
  );
}
