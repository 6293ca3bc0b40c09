package world_test

import (
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed-96940006/tagboat/internal/testkit/world"
)

// names says who was asked.
var names = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	io.WriteString(w, r.Method+" "+r.Host+r.URL.Path+" "+string(body))
})

func get(t *testing.T, w *world.World, url string) (string, error) {
	t.Helper()
	client := &http.Client{Transport: w.Transport()}
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), nil
}

func TestEveryNameHasItsHandler(t *testing.T) {
	w := world.New(t)
	for _, name := range []string{"ghcr.io", "auth.docker.io", "sts.us-gov-west-1.amazonaws.com", "registry.example:5000"} {
		w.Handle(name, names)
		got, err := get(t, w, "https://"+name+"/v2/")
		if want := "GET " + name + "/v2/ "; err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		if !w.Asked(name) {
			t.Errorf("%s was not asked: %v", name, w.Requests())
		}
	}
	if w.Asked("docker.io") {
		t.Errorf("docker.io was asked: %v", w.Requests())
	}
}

func TestCertificates(t *testing.T) {
	w := world.New(t)
	for name, is := range map[string]func(error) bool{
		"self.example": func(err error) bool { _, ok := errors.AsType[x509.UnknownAuthorityError](err); return ok },
		"old.example": func(err error) bool {
			bad, ok := errors.AsType[x509.CertificateInvalidError](err)
			return ok && bad.Reason == x509.Expired
		},
		"alias.example": func(err error) bool { _, ok := errors.AsType[x509.HostnameError](err); return ok },
		"plain.example": func(err error) bool { return errors.Is(err, http.ErrSchemeMismatch) },
	} {
		w.HandleAs(name, map[string]world.Certificate{
			"self.example": world.SelfSigned, "old.example": world.Expired,
			"alias.example": world.OtherName, "plain.example": world.NoTLS,
		}[name], names)
		if got, err := get(t, w, "https://"+name+"/"); !is(err) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if asked := w.Requests(); len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
}

func TestTheProxyRefuses(t *testing.T) {
	w := world.New(t)
	w.Refuse("ghcr.io", http.StatusForbidden)
	if _, err := get(t, w, "https://ghcr.io/"); err == nil || !strings.HasSuffix(err.Error(), ": Forbidden") {
		t.Errorf("got %v", err)
	}
	w.RefuseStrangers("me", "secret")
	if _, err := get(t, w, "https://ghcr.io/"); err == nil || !strings.Contains(err.Error(), "Proxy Authentication Required") {
		t.Errorf("got %v", err)
	}
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestWhatIsNotThereFailsTheTest(t *testing.T) {
	for name, test := range map[string]struct {
		ask  func(w *world.World)
		fail bool
	}{
		"unknown host": {ask: func(w *world.World) { get(t, w, "https://quay.io/") }, fail: true},
		"plain http":   {ask: func(w *world.World) { get(t, w, "http://ghcr.io/") }, fail: true},
		"known host":   {ask: func(w *world.World) { get(t, w, "https://ghcr.io/") }},
		"a host within another's tunnel": {fail: true, ask: func(w *world.World) {
			request, _ := http.NewRequest(http.MethodGet, "https://ghcr.io/", nil)
			request.Host = "quay.io"
			w.Transport().RoundTrip(request)
		}},
		"a secret at its host":      {ask: secretTo("ghcr.io", "/", "s3cret")},
		"a secret elsewhere":        {ask: secretTo("s3.example", "/", "s3cret"), fail: true},
		"a secret in an address":    {ask: secretTo("ghcr.io", "/?token=s3%63ret", ""), fail: true},
		"a secret in a form":        {ask: formTo("s3.example"), fail: true},
		"a form at the right host":  {ask: formTo("ghcr.io")},
		"something else, elsewhere": {ask: secretTo("s3.example", "/", "other")},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{TB: t}
			w := world.New(r)
			w.Handle("ghcr.io", names)
			w.Handle("s3.example", names)
			w.Secret("s3cret", "ghcr.io")
			test.ask(w)
			if r.failed != test.fail {
				t.Errorf("failed: %v, want %v", r.failed, test.fail)
			}
		})
	}
}

func secretTo(host, path, password string) func(*world.World) {
	return func(w *world.World) {
		request, _ := http.NewRequest(http.MethodGet, "https://"+host+path, nil)
		if password != "" {
			request.SetBasicAuth("me", password)
		}
		w.Transport().RoundTrip(request)
	}
}

func formTo(host string) func(*world.World) {
	return func(w *world.World) {
		client := &http.Client{Transport: w.Transport()}
		client.PostForm("https://"+host+"/token", map[string][]string{"refresh_token": {"s3cret"}})
	}
}

func TestProgramsLiveThere(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip(err)
	}
	w := world.New(t)
	w.Handle("ghcr.io", names)
	command := exec.Command(curl, "-sS", "--data-binary", "hello", "https://ghcr.io/v2/")
	command.Env = append(os.Environ(), w.Env()...)
	told, err := command.CombinedOutput()
	if want := "POST ghcr.io/v2/ hello"; err != nil || string(told) != want {
		t.Errorf("got %q, %v, want %q", told, err, want)
	}
}
