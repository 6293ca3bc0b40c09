package ecr_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/testkit/aws"
)

const (
	host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
	role = "arn:aws:iam::111122223333:role/ci/deploy"
)

// world is an AWS, a job's OIDC tokens, and a clock.
type world struct {
	*aws.AWS
	issuer *aws.Issuer
	server *httptest.Server

	mu    sync.Mutex
	clock time.Time
	lines []string
	waits []int // tries after which there was a pause
}

// start serves an AWS at the addresses that the SDK takes from its environment, in
// which there is nothing else.
func start(t *testing.T) *world {
	t.Helper()
	w := &world{AWS: aws.New(t), issuer: aws.NewIssuer(t), clock: time.Now()}
	w.SetNow(w.now)
	w.issuer.Now = w.now
	w.server = httptest.NewServer(w.AWS)
	t.Cleanup(w.server.Close)
	for _, name := range []string{
		"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CA_BUNDLE", "AWS_REGION", "AWS_DEFAULT_REGION",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, service := range []string{"STS", "ECR", "ECR_PUBLIC"} {
		t.Setenv("AWS_ENDPOINT_URL_"+service, w.server.URL)
	}
	return w
}

// named lets the SDK use the real names of AWS's hosts, which all lead to the world.
func (w *world) named(t *testing.T) *http.Client {
	for _, service := range []string{"STS", "ECR", "ECR_PUBLIC"} {
		t.Setenv("AWS_ENDPOINT_URL_"+service, "")
	}
	t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
	return &http.Client{Transport: hosts(strings.TrimPrefix(w.server.URL, "http://"))}
}

// hosts sends every request to one address, with the host that it was for.
type hosts string

func (h hosts) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host, r.URL.Scheme, r.URL.Host = r.URL.Host, "http", string(h)
	return http.DefaultTransport.RoundTrip(r)
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// options are those of a client in the world, which waits for nothing.
func (w *world) options() ecr.Options {
	return ecr.Options{
		Now: w.now,
		Log: func(line string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.lines = append(w.lines, line)
		},
		Backoff: func(try int) time.Duration {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.waits = append(w.waits, try)
			return 0
		},
	}
}

// byRole are options to assume a role that trusts the pushes of acme.
func (w *world) byRole() ecr.Options {
	w.Add(aws.Role{ARN: role, Subjects: []string{"repo:acme/web:*"}, MaxDuration: 12 * time.Hour})
	o := w.options()
	o.Role, o.IDToken = role, w.idToken
	return o
}

func (w *world) idToken(_ context.Context, audience string) (string, error) {
	return w.issuer.Token(audience), nil
}

// keys puts a user's keys into the environment.
func (w *world) keys(t *testing.T, denied ...string) aws.Keys {
	k := w.User("ci", denied...)
	t.Setenv("AWS_ACCESS_KEY_ID", k.ID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", k.Secret)
	return k
}

// token is the password for a host; it has to be there, and valid.
func (w *world) token(t *testing.T, c *ecr.Client, host string) string {
	t.Helper()
	user, password, expires, err := c.Token(t.Context(), host)
	if err != nil {
		t.Fatal(err)
	}
	if user != "AWS" || !w.Valid(password) || !expires.After(w.now()) {
		t.Fatalf("user %q, until %v, password valid: %v", user, expires, w.Valid(password))
	}
	return password
}

// count is how often something was asked.
func (w *world) count(action string) (n int) {
	for _, a := range w.Actions() {
		if a == action {
			n++
		}
	}
	return n
}

// silent sees that nothing secret is in a text.
func (w *world) silent(t *testing.T, text string, keys ...aws.Keys) {
	t.Helper()
	secrets := append(w.Issued(), w.issuer.Issued()...)
	for _, k := range append(keys, w.Sessions()...) {
		secrets = append(secrets, k.ID, k.Secret, k.SessionToken)
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("a secret is in %q", text)
		}
	}
}

// fails sees that an error is a fault with a code, and what it and its hint say.
func (w *world) fails(t *testing.T, err error, code string, told ...string) {
	t.Helper()
	all := fault.All(err)
	if !slices.ContainsFunc(all, func(f *fault.Fault) bool { return f.Code == code }) {
		t.Fatalf("got %v %v, want %s", fault.Code(err), err, code)
	}
	var text strings.Builder
	for _, f := range all {
		if strings.Contains(f.Error(), "\n") {
			t.Errorf("more than a line: %q", f.Error())
		}
		text.WriteString(f.Error() + "\nhint: " + f.Hint + "\n")
	}
	for _, part := range told {
		if !strings.Contains(text.String(), part) {
			t.Errorf("%q is not in\n%s", part, text.String())
		}
	}
	w.silent(t, text.String())
	w.silent(t, strings.Join(w.lines, "\n"))
}

// hanging takes connections and says nothing, as most networks do where the metadata
// of instances would be.
func hanging(t *testing.T) (address string, connections *atomic.Int32) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	connections = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			connections.Add(1)
		}
	}()
	return "http://" + l.Addr().String(), connections
}
