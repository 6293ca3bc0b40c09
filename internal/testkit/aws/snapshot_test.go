package aws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecrpublic"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/testkit/aws"
)

// recorded is a snapshot that a service's module of the SDK has with it: what the
// service's own model says that a request or an answer is.
type recorded struct {
	first  string // line
	header http.Header
	body   string
}

func snapshot(t *testing.T, service, kind, name string) recorded {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/"+service).Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), kind+"_snapshot", name+".snap"))
	if err != nil {
		t.Fatal(err)
	}
	// A request has a line of query, which is empty, between its first and its header.
	lines := strings.SplitN(string(data), "\n", 2)
	head, body, ok := strings.Cut(strings.TrimPrefix(lines[1], "\n"), "\n\n")
	if !ok {
		t.Fatalf("%s is no snapshot", name)
	}
	s := recorded{first: lines[0], header: http.Header{}, body: body}
	for _, line := range strings.Split(head, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		s.header.Add(name, value)
	}
	return s
}

// shape is every member of a JSON document with its type, lists as their members.
func shape(t *testing.T, text string) (all []string) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				walk(at+"."+name, member)
			}
		case []any:
			for _, member := range v {
				walk(at+"[]", member)
			}
		default:
			all = append(all, fmt.Sprintf("%s %T", at, v))
		}
	}
	walk("", v)
	slices.Sort(all)
	return slices.Compact(all)
}

// beyond are the members of got that the snapshot has not.
func beyond(t *testing.T, got, want string) (more []string) {
	t.Helper()
	known := shape(t, want)
	for _, member := range shape(t, got) {
		if !slices.Contains(known, member) {
			more = append(more, member)
		}
	}
	return more
}

// world is an AWS behind a loopback address, and what it answered.
type world struct {
	*aws.AWS
	config  sdk.Config
	answers []string
	types   []string
}

func start(t *testing.T) *world {
	w := &world{AWS: aws.New(t)}
	keys := w.User("ci")
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		answer := httptest.NewRecorder()
		w.ServeHTTP(answer, in)
		w.answers = append(w.answers, answer.Body.String())
		w.types = append(w.types, answer.Header().Get("Content-Type"))
		out.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		out.WriteHeader(answer.Code)
		io.Copy(out, answer.Body)
	}))
	t.Cleanup(server.Close)
	w.config = sdk.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider(keys.ID, keys.Secret, keys.SessionToken),
		Retryer:     func() sdk.Retryer { return sdk.NopRetryer{} },
	}
	return w
}

// last are the newest request and its answer.
func (w *world) last() (call aws.Call, answer, kind string) {
	calls := w.Calls()
	n := len(calls) - 1
	return calls[n], w.answers[n], w.types[n]
}

func text(s string) *string { return &s }

func TestWhatIsTaughtIsWhatTheSDKHasRecorded(t *testing.T) {
	private := func(do func(context.Context, *ecr.Client) error) func(context.Context, sdk.Config) error {
		return func(ctx context.Context, cfg sdk.Config) error { return do(ctx, ecr.NewFromConfig(cfg)) }
	}
	create := private(func(ctx context.Context, c *ecr.Client) error {
		_, err := c.CreateRepository(ctx, &ecr.CreateRepositoryInput{
			RegistryId: text(aws.Account), RepositoryName: text("acme/web"), ImageTagMutability: types.ImageTagMutabilityImmutableWithExclusion,
			ImageTagMutabilityExclusionFilters: []types.ImageTagMutabilityExclusionFilter{{Filter: text("pr-*"), FilterType: "WILDCARD"}},
			ImageScanningConfiguration:         &types.ImageScanningConfiguration{ScanOnPush: true},
			EncryptionConfiguration:            &types.EncryptionConfiguration{EncryptionType: "KMS", KmsKey: text("alias/ecr")},
			Tags:                               []types.Tag{{Key: text("team"), Value: text("web")}},
		})
		return err
	})
	tests := map[string]struct {
		service, action string
		before          func(context.Context, sdk.Config) error
		do              func(context.Context, sdk.Config) error
		fails           string // the snapshot of an error
	}{
		"a token": {service: "ecr", action: "GetAuthorizationToken", do: private(func(ctx context.Context, c *ecr.Client) error {
			_, err := c.GetAuthorizationToken(ctx, nil)
			return err
		})},
		"a repository":       {service: "ecr", action: "CreateRepository", do: create},
		"a repository twice": {service: "ecr", action: "CreateRepository", before: create, do: create, fails: "RepositoryAlreadyExistsException"},
		"what is there": {service: "ecr", action: "DescribeRepositories", before: create, do: private(func(ctx context.Context, c *ecr.Client) error {
			_, err := c.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RegistryId: text(aws.Account), RepositoryNames: []string{"acme/web"}})
			return err
		})},
		"what is not there": {service: "ecr", action: "DescribeRepositories", do: private(func(ctx context.Context, c *ecr.Client) error {
			_, err := c.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RegistryId: text(aws.Account), RepositoryNames: []string{"acme/web"}})
			return err
		}), fails: "RepositoryNotFoundException"},
		"a policy": {service: "ecr", action: "PutLifecyclePolicy", before: create, do: private(func(ctx context.Context, c *ecr.Client) error {
			_, err := c.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{RegistryId: text(aws.Account), RepositoryName: text("acme/web"), LifecyclePolicyText: text(`{"rules":[]}`)})
			return err
		})},
		"a token of the public registry": {service: "ecrpublic", action: "GetAuthorizationToken", do: func(ctx context.Context, cfg sdk.Config) error {
			_, err := ecrpublic.NewFromConfig(cfg).GetAuthorizationToken(ctx, nil)
			return err
		}},
		"a repository of the public registry": {service: "ecrpublic", action: "CreateRepository", do: func(ctx context.Context, cfg sdk.Config) error {
			_, err := ecrpublic.NewFromConfig(cfg).CreateRepository(ctx, &ecrpublic.CreateRepositoryInput{RepositoryName: text("web")})
			return err
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			if tc.service == "ecrpublic" {
				w.config.Region = "us-east-1"
			}
			if tc.before != nil {
				if err := tc.before(t.Context(), w.config); err != nil {
					t.Fatal(err)
				}
			}
			if err := tc.do(t.Context(), w.config); (err != nil) != (tc.fails != "") {
				t.Fatal(err)
			}
			call, answer, kind := w.last()
			request := snapshot(t, tc.service, "request", tc.action+".request")
			if request.first != "POST /" {
				t.Errorf("the snapshot is of %s", request.first)
			}
			for _, header := range []string{"Content-Type", "X-Amz-Target"} {
				if diff := cmp.Diff(request.header.Values(header), call.Header.Values(header)); diff != "" {
					t.Errorf("%s (-recorded +taught)\n%s", header, diff)
				}
			}
			if more := beyond(t, call.Body, request.body); more != nil {
				t.Errorf("the request has what none has: %q", more)
			}
			response := snapshot(t, tc.service, "response", tc.action+".response")
			if tc.fails != "" {
				response = snapshot(t, tc.service, "response", tc.fails+".error")
			}
			if want := response.header.Get("Content-Type"); kind != want {
				t.Errorf("the answer is %q, recorded is %q", kind, want)
			}
			if more := beyond(t, answer, response.body); more != nil {
				t.Errorf("the answer has what none has: %q", more)
			}
			if tc.fails != "" && !strings.Contains(answer, `"`+tc.fails+`"`) {
				t.Errorf("the answer is %s", answer)
			}
		})
	}
}

func TestSTSIsAskedAsTheSDKHasRecorded(t *testing.T) {
	w := start(t)
	issuer := aws.NewIssuer(t)
	keys := w.User("deploy")
	w.config.Credentials = credentials.NewStaticCredentialsProvider(keys.ID, keys.Secret, "")
	const role = "arn:aws:iam::111122223333:role/ci"
	w.Add(aws.Role{ARN: role, Subjects: []string{"repo:acme/*"}, Users: []string{keys.ID}})
	client := sts.NewFromConfig(w.config)
	if _, err := client.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: text(role), RoleSessionName: text("tagboat"), WebIdentityToken: text(issuer.Token("sts.amazonaws.com")), DurationSeconds: sdk.Int32(900),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: text(role), RoleSessionName: text("tagboat"), DurationSeconds: sdk.Int32(900)}); err != nil {
		t.Fatal(err)
	}
	for _, call := range w.Calls() {
		want := snapshot(t, "sts", "request", call.Action+".request")
		if got := call.Header.Get("Content-Type"); got != want.header.Get("Content-Type") {
			t.Errorf("%s is asked as %q", call.Action, got)
		}
		known, err := url.ParseQuery(want.body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := url.ParseQuery(call.Body)
		if err != nil {
			t.Fatal(err)
		}
		for name := range got {
			if !known.Has(name) {
				t.Errorf("%s has the parameter %s, which none has", call.Action, name)
			}
		}
	}
}
