package cli_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// holds REPOSITORY [TAG…] wants these tags in a repository, and no others.
func worldHolds(ts *testscript.TestScript, w *scriptWorld, args []string) {
	at, in := w.image(ts, args[0])
	want := slices.Clone(args[1:])
	slices.Sort(want)
	if got := in.Tags(at.Repository.Path()); !slices.Equal(got, want) {
		ts.Fatalf("%s holds %q, want %q", args[0], got, want)
	}
}

// same IMAGE… wants one digest in all places.
func worldSame(ts *testscript.TestScript, w *scriptWorld, args []string) {
	first := w.digest(ts, args[0])
	for _, arg := range args[1:] {
		if got := w.digest(ts, arg); got != first {
			ts.Fatalf("%s is %s, and %s is %s", args[0], first, arg, got)
		}
	}
}

// digest IMAGE NAME puts the digest of an image into $NAME.
func worldDigest(ts *testscript.TestScript, w *scriptWorld, args []string) {
	ts.Setenv(args[1], w.digest(ts, args[0]))
}

func (w *scriptWorld) digest(ts *testscript.TestScript, text string) string {
	image, in := w.image(ts, text)
	got := in.Digest(image.Repository.Path(), string(image.Tag))
	if got == "" {
		ts.Fatalf("there is no %s", text)
	}
	return got
}

// inspect IMAGE FILE writes the configuration of an image at ghcr.io or Docker Hub.
func worldInspect(ts *testscript.TestScript, w *scriptWorld, args []string) {
	config, err := w.pull(ts, args[0]).ConfigFile()
	ts.Check(err)
	writeJSON(ts, args[1], config)
}

// pull IMAGE N reads an image so many times, as somebody else with the same login.
func worldPull(ts *testscript.TestScript, w *scriptWorld, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for range n {
		w.pull(ts, args[0])
	}
}

func (w *scriptWorld) pull(ts *testscript.TestScript, image string) v1.Image {
	at, err := name.NewTag(image)
	ts.Check(err)
	login := &authn.Basic{Username: worldHubUser, Password: worldJobToken}
	if at.RegistryStr() == name.DefaultRegistry {
		login.Password = worldHubToken
	}
	pulled, err := remote.Image(at, remote.WithTransport(w.Transport()), remote.WithAuth(login))
	ts.Check(err)
	return pulled
}

// made FILE writes the repositories of ECR that there are.
func worldMade(ts *testscript.TestScript, w *scriptWorld, args []string) {
	writeJSON(ts, args[0], w.aws.Repositories())
}

func writeJSON(ts *testscript.TestScript, file string, what any) {
	data, err := json.MarshalIndent(what, "", "  ")
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(file), append(data, '\n'), 0o644))
}

// requests FILE writes the requests since the last time, and the actions of AWS.
func worldRequests(ts *testscript.TestScript, w *scriptWorld, args []string) {
	all := w.Requests()
	var text strings.Builder
	for _, line := range all[w.told:] {
		text.WriteString(line + "\n")
	}
	w.told = len(all)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text.String()), 0o644))
}

// masks are the lines by which a runner learns what to hide.
var masks = pattern.New(`(?m)^::add-mask::.*\n`)

// bearers are the tokens of the registries' token services.
var bearers = pattern.New(`opaque-[0-9]+`)

// hides FILE… wants none of the secrets of this world in files, but in lines that
// mask them.
func worldHides(ts *testscript.TestScript, w *scriptWorld, args []string) {
	for _, file := range args {
		text := masks.ReplaceAllString(ts.ReadFile(file), "")
		for what, secrets := range w.secrets() {
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					ts.Fatalf("%s holds %s", file, what)
				}
			}
		}
		if bearers.MatchString(text) {
			ts.Fatalf("%s holds a token of a registry", file)
		}
	}
}

// secrets are all that were given or issued.
func (w *scriptWorld) secrets() map[string][]string {
	basic := func(user, password string) string {
		return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	}
	all := map[string][]string{
		"the job's token":             {worldJobToken},
		"the token of Docker Hub":     {worldHubToken, basic(worldHubUser, worldHubToken)},
		"a secret key":                w.keys,
		"what OIDC tokens are had by": {w.issuer.Bearer},
		"an OIDC token":               w.issuer.Issued(),
	}
	for _, password := range w.aws.Issued() {
		all["a password of ECR"] = append(all["a password of ECR"], password, basic("AWS", password))
	}
	for _, session := range w.aws.Sessions() {
		all["a session of AWS"] = append(all["a session of AWS"], session.Secret, session.SessionToken)
	}
	return all
}
