// Package aws is an AWS on loopback, as far as logging in to ECR goes: STS, the
// interfaces of ECR and of the public ECR, and the OIDC tokens of GitHub's jobs. It
// checks signatures, trust and permissions, has the troubles of the real one when it
// is told to, and fails the test on what it was not taught. It speaks to no docker:
// a registry asks it whether a password is valid. It is imported by tests only.
package aws

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// Account is where everything is that does not say otherwise.
const Account = "111122223333"

// AWS answers for all regions and partitions: by the host where it is one of AWS's,
// else, behind a loopback address in AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_ECR and
// AWS_ENDPOINT_URL_ECR_PUBLIC, by what is asked. Its methods may be called while it serves.
type AWS struct {
	tb testing.TB

	mu         sync.Mutex
	clock      func() time.Time
	principals map[string]*principal // by access key
	roles      map[string]Role       // by ARN
	providers  map[string][]string   // audiences by issuer
	passwords  map[string]*password
	uses       int
	made       []Repository
	quota      int
	failures   []*Failure
	calls      []Call
}

// Call is a request as it came.
type Call struct {
	Service string // sts, ecr or ecr-public, as signatures name it
	Region  string // "" of a request without host and signature that tell
	Action  string
	Host    string
	Key     string // access key of the signature; "" where it is not signed
	Header  http.Header
	Body    string
}

// New is an AWS without users and roles that knows GitHub as a provider of tokens.
func New(tb testing.TB) *AWS {
	return &AWS{
		tb: tb, clock: time.Now, principals: map[string]*principal{}, roles: map[string]Role{},
		providers: map[string][]string{GitHub: {"sts.amazonaws.com"}}, passwords: map[string]*password{}, quota: 10000,
	}
}

// SetNow gives AWS another clock than time.Now: that of expiry, not of signatures.
func (a *AWS) SetNow(now func() time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clock = now
}

// Calls are all requests in the order in which they came.
func (a *AWS) Calls() []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// Actions are the actions of Calls.
func (a *AWS) Actions() (all []string) {
	for _, call := range a.Calls() {
		all = append(all, call.Action)
	}
	return all
}

// api is the host of an interface.
var api = pattern.New(`^(?:(sts)(?:-fips)?|(?:api\.)?(ecr|ecr-public)(?:-fips)?)\.(?:([a-z]+(?:-[a-z]+)+-\d)\.)?` +
	`(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)

// Serves reports whether a host is one of the interfaces that this AWS has.
func Serves(host string) bool { return api.MatchString(host) }

// The beginnings of X-Amz-Target.
const (
	targetECR    = "AmazonEC2ContainerRegistry_V20150921."
	targetPublic = "SpencerFrontendService."
)

// ServeHTTP answers a request to any of the interfaces.
func (a *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	q := a.read(r, body)
	a.calls = append(a.calls, q.Call)
	if f := a.failure(q); f != nil {
		f.serve(a, w, q)
		return
	}
	a.answer(w, q)
}

// asked is a request as far as it is understood.
type asked struct {
	Call
	request   *http.Request
	principal *principal
}

// read tells what is asked of which service.
func (a *AWS) read(r *http.Request, body []byte) *asked {
	q := &asked{request: r, Call: Call{Host: r.Host, Header: r.Header.Clone(), Body: string(body)}}
	target := r.Header.Get("X-Amz-Target")
	byTarget := "sts"
	if action, ok := strings.CutPrefix(target, targetECR); ok {
		byTarget, q.Action = "ecr", action
	} else if action, ok := strings.CutPrefix(target, targetPublic); ok {
		byTarget, q.Action = "ecr-public", action
	} else {
		q.Action = form(q.Body).Get("Action")
	}
	q.Service = byTarget
	if m := api.FindStringSubmatch(r.Host); m != nil {
		q.Service, q.Region = m[1]+m[2], m[3]
		if q.Service != byTarget {
			a.tb.Errorf("%s is asked for %q, which is of %s", r.Host, target, byTarget)
		}
	}
	scope := readScope(r)
	q.Key, q.Region = scope.key, cmp.Or(q.Region, scope.region)
	return q
}

// answer does what is asked, or refuses.
func (a *AWS) answer(w http.ResponseWriter, q *asked) {
	if q.request.Method != http.MethodPost || q.request.URL.Path != "/" {
		a.tb.Errorf("the fake of AWS was not taught %s %s", q.request.Method, q.request.URL.Path)
		q.refuse(w, http.StatusBadRequest, "InvalidAction", "")
		return
	}
	switch q.Service {
	case "sts":
		a.sts(w, q)
	case "ecr":
		a.ecr(w, q)
	default:
		a.public(w, q)
	}
}

// untaught fails the test.
func (a *AWS) untaught(w http.ResponseWriter, q *asked) {
	a.tb.Errorf("the fake of AWS was not taught %s %q", q.Service, q.Action)
	q.refuse(w, http.StatusBadRequest, "UnknownOperationException", "")
}
