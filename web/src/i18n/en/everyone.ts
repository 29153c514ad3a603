/** Words of the pages before and around signing in. */
export default {
  welcome: {
    title: "Care that grows with you",
    lead: "Bloom is a quiet place to meet your therapist: by video, in messages, and at your own pace.",
    start: "Create an account",
    signIn: "I have an account",
    picture: "A hand-drawn plant with three leaves and a blossom, growing under a soft sun",
    pointsTitle: "What you find here",
    points: {
      therapist: {
        title: "Somebody who fits",
        text: "Look for a therapist by what you would like help with, by language and by time, and ask to be taken into care.",
      },
      session: {
        title: "Sessions from where you are",
        text: "Choose a time in your own time zone, get a reminder, and join the video session from this page.",
      },
      messages: {
        title: "A line in between",
        text: "Write when something comes up. Your therapist answers when at work, and you see what has been read.",
      },
      private: {
        title: "Yours alone",
        text: "What you say is kept encrypted. You see who looked at your record, and you decide what happens with your data.",
      },
    },
    therapists: {
      title: "Are you a therapist?",
      text: "Keep your hours, your patients and your messages in one calm place. Your licence is checked before patients can find you.",
      start: "Join as a therapist",
    },
    urgent:
      "Bloom is not made for emergencies. If it is urgent, “Help now” at the top shows lines that are open.",
  },
  signIn: {
    title: "Welcome back",
    email: "Email address",
    password: "Password",
    forgot: "Forgot your password?",
    or: "or",
    passkey: "Sign in with a passkey",
    google: "Continue with Google",
    zoom: "Continue with Zoom",
    newHere: "New here?",
    ended: "Your session is over. Messages you had begun are still on this device.",
    resend: "Send the mail again",
    passkeyDeclined: "The passkey was not used. You can try again, or choose another way.",
  },
  secondFactor: {
    title: "One more step",
    lead: "Open your authenticator app and enter the code that it shows for Bloom Health.",
    code: "Code",
    hint: "Six digits",
    backup: "Use a backup code instead",
    app: "Use the app’s code instead",
    backupCode: "Backup code",
    backupHint: "One of the ten codes that you kept, as abcde-fghjk",
    trust: "Trust this browser",
    trustHint: "The code is not asked for here for some time. Only for a device that is yours alone.",
    again: "Begin again",
    left_one: "You are signed in. {{count}} backup code is left; new ones are in the settings.",
    left_other: "You are signed in. {{count}} backup codes are left.",
  },
  signUp: {
    title: "Create your account",
    lead: "It takes about a minute. You can look around before you decide anything.",
    who: "What brings you here?",
    patient: "I am looking for support",
    patientHint: "Find a therapist, book sessions, write messages.",
    therapist: "I am a therapist",
    therapistHint: "Offer hours and care for patients. Your licence is checked first.",
    chooseOne: "Please choose one of the two.",
    name: "Your name",
    nameHint: "As you would like to be addressed",
    email: "Email address",
    emailHint: "We send a link there to make sure that it is yours.",
    terms: "I agree to the terms of use",
    readTerms: "Read the terms",
    termsNeeded: "An account needs your agreement to the terms.",
    submit: "Create the account",
    have: "You have an account?",
  },
  password: {
    choose: "Password",
    chooseNew: "New password",
    rules:
      "At least 8 characters. Not your name or address, and nothing that many people use. A few words that only you would put together are best.",
    short: "Please use at least 8 characters.",
    long: "Please use at most 128 characters.",
    strength: "How well it protects",
    strengths: {
      short: "A few more characters",
      weak: "A beginning: longer is safer",
      fair: "Good",
      strong: "Very good",
    },
  },
  mailSent: {
    title: "Please look into your mail",
    signUp:
      "We have sent a link to this address. Open it to confirm that the address is yours. It works for 24 hours.",
    reset:
      "If there is an account for this address, a link to set a new password is on its way. It works for 30 minutes.",
    nothing:
      "Nothing there after a few minutes? Have a look into the folder for unwanted mail, or send it again.",
    again: "Send it again",
    sentAgain: "A new link is on its way. Only the newest one works.",
    other: "Use another address",
  },
  verify: {
    title: "Confirm your email address",
    lead: "One press, and your account is ready.",
    confirm: "Confirm my address",
    done: "Thank you, your address is confirmed",
    doneLead: "You can sign in now.",
    over: "This link no longer works",
    overLead:
      "It was used already, or a newer one was sent, or its 24 hours are over. If your address is confirmed, simply sign in. Otherwise we send you a new link.",
    noToken: "Please open the link in the mail that we sent you, or have a new one sent.",
    resend: "Send a new link",
    resent: "If this address waits to be confirmed, a new link is on its way.",
  },
  forgot: {
    title: "Set a new password",
    lead: "It happens to everybody. Tell us your address, and we send you a link.",
    email: "Email address",
    submit: "Send the link",
    back: "Back to signing in",
  },
  reset: {
    title: "Choose a new password",
    lead: "When it is set, you are signed out everywhere, so that only who knows it can come in.",
    submit: "Set the password",
    done: "Your new password is set",
    doneLead: "You have been signed out everywhere. Please sign in with it.",
    over: "This link no longer works",
    overLead: "It was used already, or its 30 minutes are over. A new one is sent in a moment.",
    anew: "Send a new link",
  },
  dashboard: {
    terms: "Your agreement to the terms is still to be confirmed.",
    termsAction: "Look at them now",
  },
  problem: {
    "wrong-credentials": "Address and password do not fit together. Please look at both again.",
    "address-not-verified": "Please confirm your address first: open the link in the mail that we sent you.",
    "account-suspended":
      "This account is paused. Please write to our support, who will look into it with you.",
    "wrong-code":
      "This code does not fit, or was used already. After ten that do not fit, none counts for 15 minutes.",
    "sign-in-over": "This took too long, so please begin to sign in again.",
    "wrong-passkey": "This passkey does not belong to an account here. You can use another way to sign in.",
    "passkey-copied":
      "This passkey behaves as if it had been copied, so it was not accepted. Please sign in another way and have a look at your passkeys.",
    "challenge-over": "This took too long. Please try again.",
    "password-too-easy":
      "This would be easy to guess: it is close to your name or address, many people use it, or it is known from a breach elsewhere. Something only you would think of protects you better.",
    "password-not-checked": "We cannot check new passwords right now. Please try again in a moment.",
    "link-no-longer-valid": "This link no longer works. Please ask for a new one.",
    "provider-away":
      "The other service cannot be reached right now. Please try again, or use another way to sign in.",
    "provider-sign-in-failed": "The sign-in at the other service did not work. Please try again.",
    "provider-sign-in-declined": "You stopped at the other service, so nothing has changed here.",
    "provider-sign-in-expired": "This took too long, so please begin again.",
    "provider-mixed-up":
      "The answer came from elsewhere than expected, so we did not use it. Please try again.",
    "provider-address-not-verified":
      "The other service has not confirmed your address yet. Please confirm it there first.",
    "provider-account-taken": "That account is connected to another account here already.",
    "provider-already-linked": "An account of that service is connected already. Please disconnect it first.",
    "address-not-proven":
      "There is an account with this address that was never confirmed. Please confirm it by mail first, or set a new password.",
    "link-of-another-session": "Please connect the account in the same browser in which you began.",
    "provider-not-offered": "This way to sign in is not offered here.",
  },
} as const;
