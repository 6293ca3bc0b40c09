package cli_test

import (
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/aws"
)

// aws CODE [action=NAME] [times=N] lets AWS answer so, once if nothing else is said.
func worldAWS(ts *testscript.TestScript, w *scriptWorld, args []string) {
	f := aws.Failure{Code: args[0], Times: 1}
	for _, arg := range args[1:] {
		switch name, value, _ := strings.Cut(arg, "="); name {
		case "action":
			f.Action = value
		case "times":
			n, err := strconv.Atoi(value)
			ts.Check(err)
			f.Times = n
		default:
			ts.Fatalf("no failure of AWS has %q", arg)
		}
	}
	w.aws.Fail(f)
}

// fail DOMAIN STATUS [method=NAME] [path=TEXT] [skip=N] [times=N] [code=NAME] [message=TEXT]
// lets a registry answer so, always if nothing else is said.
func worldFail(ts *testscript.TestScript, w *scriptWorld, args []string) {
	var f testkit.RegistryFailure
	var err error
	f.Status, err = strconv.Atoi(args[1])
	ts.Check(err)
	for _, arg := range args[2:] {
		switch name, value, _ := strings.Cut(arg, "="); name {
		case "method":
			f.Method = value
		case "path":
			f.Path = value
		case "skip":
			f.Skip, err = strconv.Atoi(value)
		case "times":
			f.Times, err = strconv.Atoi(value)
		case "code":
			f.Code = value
		case "message":
			f.Message = value
		default:
			ts.Fatalf("no failure of a registry has %q", arg)
		}
		ts.Check(err)
	}
	_, in := w.image(ts, args[0]+"/any/image")
	in.Fail(f)
}

// html HOST lets a host answer as a page to log in at.
func worldHTML(_ *testscript.TestScript, w *scriptWorld, args []string) {
	w.Handle(args[0], testkit.NewRegistry(w.tb, testkit.RegistryHTML()))
}

// leads HOST ADDRESS KIND… is a registry that bob may use with worldLed, and that sends
// on to an address those who greet it (greeting), or want a token of it (token).
func worldLeads(_ *testscript.TestScript, w *scriptWorld, args []string) {
	in := testkit.NewRegistry(w.tb, testkit.RegistryGHCR(testkit.GHCR{Password: worldLed}), testkit.RegistryRedirects(args[1], args[2:]...))
	w.registries[args[0]] = in
	w.open(args[0], in)
	if to, ok := strings.CutPrefix(args[1], "https://"); ok {
		w.open(to, in.Stranger())
	}
	w.Secret(worldLed, args[0])
	w.keys = append(w.keys, worldLed)
}

// worldLed is the password of bob at registries that lead on.
const worldLed = "s3cr3t-of-bob"

// refuse HOST STATUS lets the proxy answer for a host.
func worldRefuse(ts *testscript.TestScript, w *scriptWorld, args []string) {
	status, err := strconv.Atoi(args[1])
	ts.Check(err)
	w.Refuse(args[0], status)
}

// strangers lets the proxy want a login of its own.
func worldStrangers(_ *testscript.TestScript, w *scriptWorld, _ []string) {
	w.RefuseStrangers("proxy-user", "proxy-s3cr3t")
}

// expire ends the passwords of ECR that were issued.
func worldExpire(_ *testscript.TestScript, w *scriptWorld, _ []string) { w.aws.Expire() }

// heal ends what aws and fail have begun.
func worldHeal(_ *testscript.TestScript, w *scriptWorld, _ []string) {
	w.aws.Calm()
	for _, in := range w.registries {
		in.Heal()
	}
}

// password NAME puts a password of ECR in GovCloud into $NAME.
func worldPassword(ts *testscript.TestScript, w *scriptWorld, args []string) {
	issued := w.aws.Issued()
	if len(issued) == 0 {
		ts.Fatalf("no password was issued")
	}
	ts.Setenv(args[0], issued[0])
}
