package ecr_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/ecr"
	"github.com/seed-96940006/tagboat/internal/testkit/aws"
)

const policy = `{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}`

func TestARepositoryIsMadeAsItIsWanted(t *testing.T) {
	tests := map[string]struct {
		host, path string
		want       ecr.Repository
		made       aws.Repository
	}{
		"as ECR does": {made: aws.Repository{Mutability: "MUTABLE", Encryption: "AES256"}},
		"all settings": {
			want: ecr.Repository{
				Immutable: true, Exclusions: []string{"pr-*", "latest"}, ScanOnPush: true, Encryption: "KMS", Key: "alias/ecr",
				Lifecycle: []byte(policy), Tags: map[string]string{"team": "web", "cost": "7"},
			},
			made: aws.Repository{
				Mutability: "IMMUTABLE_WITH_EXCLUSION", Exclusions: []string{"pr-*", "latest"}, ScanOnPush: true, Encryption: "KMS", Key: "alias/ecr",
				Lifecycle: policy, Tags: map[string]string{"team": "web", "cost": "7"},
			},
		},
		"immutable": {want: ecr.Repository{Immutable: true}, made: aws.Repository{Mutability: "IMMUTABLE", Encryption: "AES256"}},
		"immutable in part": {
			want: ecr.Repository{Exclusions: []string{"v*"}},
			made: aws.Repository{Mutability: "MUTABLE_WITH_EXCLUSION", Exclusions: []string{"v*"}, Encryption: "AES256"},
		},
		"two layers of KMS": {want: ecr.Repository{Encryption: "KMS_DSSE"}, made: aws.Repository{Mutability: "MUTABLE", Encryption: "KMS_DSSE"}},
		"public": {
			host: "public.ecr.aws", path: aws.Alias + "/acme/web", want: ecr.Repository{Tags: map[string]string{"team": "web"}},
			made: aws.Repository{Public: true, Region: "us-east-1", Tags: map[string]string{"team": "web"}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.keys(t)
			if tc.host == "" {
				tc.host, tc.path, tc.made.Region = host, "acme/web", "eu-west-1"
			}
			tc.made.Account, tc.made.Name = aws.Account, "acme/web"
			c := ecr.New(w.options())
			created, err := c.EnsureRepository(t.Context(), tc.host, tc.path, tc.want)
			if err != nil || !created {
				t.Fatalf("created %v, %v", created, err)
			}
			if diff := cmp.Diff([]aws.Repository{tc.made}, w.Repositories()); diff != "" {
				t.Error(diff)
			}
			asked := len(w.Calls())
			created, err = c.EnsureRepository(t.Context(), tc.host, tc.path, tc.want)
			if err != nil || created || len(w.Calls()) != asked+1 || len(w.Repositories()) != 1 {
				t.Errorf("again: created %v, %v, %q", created, err, w.Actions()[asked:])
			}
		})
	}
}

func TestTheRequestIsTheSameEachTime(t *testing.T) {
	want := ecr.Repository{Tags: map[string]string{"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}}
	var first string
	for range 5 {
		w := start(t)
		w.keys(t)
		if _, err := ecr.New(w.options()).EnsureRepository(t.Context(), host, "web", want); err != nil {
			t.Fatal(err)
		}
		body := w.Calls()[1].Body
		if first == "" {
			first = body
		}
		if body != first {
			t.Errorf("%s\n%s", first, body)
		}
	}
}

func TestARepositoryThatIsThereStaysAsItIs(t *testing.T) {
	w := start(t)
	w.keys(t, "ecr:CreateRepository")
	there := aws.Repository{Account: aws.Account, Region: "eu-west-1", Name: "web", Mutability: "IMMUTABLE", Encryption: "AES256"}
	w.AddRepository(there)
	created, err := ecr.New(w.options()).EnsureRepository(t.Context(), host, "web", ecr.Repository{Lifecycle: []byte(policy)})
	if err != nil || created {
		t.Fatalf("created %v, %v", created, err)
	}
	if diff := cmp.Diff([]aws.Repository{there}, w.Repositories()); diff != "" {
		t.Error(diff)
	}
}

func TestWhoMayNotLookMayMake(t *testing.T) {
	w := start(t)
	w.keys(t, "ecr:DescribeRepositories")
	c := ecr.New(w.options())
	for _, want := range []bool{true, false} {
		created, err := c.EnsureRepository(t.Context(), host, "web", ecr.Repository{Lifecycle: []byte(policy)})
		if err != nil || created != want {
			t.Errorf("created %v, %v, want %v", created, err, want)
		}
	}
	if n := w.count("PutLifecyclePolicy"); n != 1 {
		t.Errorf("the policy was sent %d times", n)
	}
}

func TestAnAliasOfAnotherAccountIsSaid(t *testing.T) {
	w := start(t)
	w.keys(t)
	created, err := ecr.New(w.options()).EnsureRepository(t.Context(), "public.ecr.aws", "acme/web", ecr.Repository{})
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	want := []string{"made public.ecr.aws/" + aws.Alias + "/web: see that public.ecr.aws/acme/web has an alias of the same account"}
	if diff := cmp.Diff(want, w.lines); diff != "" {
		t.Error(diff)
	}
}

// The answer to the making is lost, and the next try meets what the first one made.
func TestALostAnswerLosesNothing(t *testing.T) {
	w := start(t)
	w.keys(t)
	w.Fail(aws.Failure{Action: "CreateRepository", Times: 1, Done: true, Cut: true})
	if _, err := ecr.New(w.options()).EnsureRepository(t.Context(), host, "web", ecr.Repository{Lifecycle: []byte(policy)}); err != nil {
		t.Fatal(err)
	}
	if made := w.Repositories(); len(made) != 1 || made[0].Lifecycle != policy {
		t.Errorf("made: %+v", made)
	}
}

func TestWhyNoRepositoryIsMade(t *testing.T) {
	tests := map[string]struct {
		denied     []string
		host, path string
		want       ecr.Repository
		world      func(*world)
		code       string
		told       []string
	}{
		"not allowed": {
			denied: []string{"ecr:CreateRepository"}, code: "E_ECR_CREATE", want: ecr.Repository{Tags: map[string]string{"a": "b"}, Lifecycle: []byte(policy)},
			told: []string{host + "/acme/web", "is not authorized to perform: ecr:CreateRepository",
				"allow ecr:CreateRepository, ecr:TagResource, ecr:PutLifecyclePolicy on arn:aws:ecr:eu-west-1:111122223333:repository/acme/web",
				"aws ecr create-repository --region eu-west-1 --repository-name acme/web"},
		},
		"not allowed in public": {
			host: "public.ecr.aws", path: aws.Alias + "/acme/web", denied: []string{"ecr-public:CreateRepository"}, code: "E_ECR_CREATE",
			told: []string{"allow ecr-public:CreateRepository", "aws ecr-public create-repository --region us-east-1 --repository-name acme/web"},
		},
		"another account": {
			host: "999988887777.dkr.ecr.eu-west-1.amazonaws.com", code: "E_ECR_CREATE",
			told: []string{"arn:aws:ecr:eu-west-1:999988887777:repository/acme/web"},
		},
		"too many": {
			world: func(w *world) { w.Quota(0) }, code: "E_ECR_CREATE", told: []string{"LimitExceededException", "Service Quotas"},
		},
		"a bad name":     {path: "Acme/Web", code: "E_ECR_CREATE", told: []string{"InvalidParameterException", "lower case"}},
		"no alias":       {host: "public.ecr.aws", path: "web", code: "E_ECR_CREATE", told: []string{"public.ecr.aws/web has no alias", "describe-registries"}},
		"throttled":      {world: func(w *world) { w.Fail(aws.Failure{Action: "CreateRepository", Code: "ThrottlingException"}) }, code: "E_REGISTRY_LIMIT"},
		"AWS in trouble": {world: func(w *world) { w.Fail(aws.Failure{Action: "DescribeRepositories", Code: "ServerException"}) }, code: "E_REGISTRY"},
		"a key of KMS": {
			want: ecr.Repository{Encryption: "KMS"},
			world: func(w *world) {
				w.Fail(aws.Failure{Action: "CreateRepository", Code: "KmsException", Status: 400, Message: "Access denied to KMS"})
			},
			code: "E_ECR_CREATE", told: []string{"kms:CreateGrant"},
		},
		"unknown credentials": {
			world: func(w *world) {
				w.Fail(aws.Failure{Code: "UnrecognizedClientException", Status: 400, Message: "The security token included in the request is invalid."})
			},
			code: "E_AWS_AUTH",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			k := w.keys(t, tc.denied...)
			if tc.world != nil {
				tc.world(w)
			}
			if tc.host == "" {
				tc.host = host
			}
			if tc.path == "" {
				tc.path = "acme/web"
			}
			created, err := ecr.New(w.options()).EnsureRepository(t.Context(), tc.host, tc.path, tc.want)
			w.fails(t, err, tc.code, tc.told...)
			w.silent(t, err.Error(), k)
			if made := w.Repositories(); created || made != nil {
				t.Errorf("created %v: %+v", created, made)
			}
		})
	}
}

func TestAQuotaIsNotAskedForAgain(t *testing.T) {
	w := start(t)
	w.keys(t)
	w.Quota(0)
	if _, err := ecr.New(w.options()).EnsureRepository(t.Context(), host, "web", ecr.Repository{}); err == nil {
		t.Fatal("it was made")
	}
	if n := w.count("CreateRepository"); n != 1 {
		t.Errorf("%d tries", n)
	}
}

func TestAPolicyThatIsNotTaken(t *testing.T) {
	tests := map[string]struct {
		denied string
		policy string
		told   string
	}{
		"not allowed": {denied: "ecr:PutLifecyclePolicy", policy: policy, told: "allow ecr:CreateRepository, ecr:PutLifecyclePolicy"},
		"wrong":       {policy: `{"rules":[{"rulePriority":0}]}`, told: "correct the policy"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.keys(t, tc.denied)
			created, err := ecr.New(w.options()).EnsureRepository(t.Context(), host, "web", ecr.Repository{Lifecycle: []byte(tc.policy)})
			w.fails(t, err, "E_ECR_CREATE", "the repository is made", tc.told, "aws ecr put-lifecycle-policy --region eu-west-1 --repository-name web")
			if !created || !w.HasRepository("eu-west-1", "web") {
				t.Errorf("created %v", created)
			}
		})
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	tests := map[string]struct {
		host string
		want ecr.Repository
		told []string
	}{
		"no JSON":           {want: ecr.Repository{Lifecycle: []byte("rules: []")}, told: []string{"the lifecycle policy is none", "invalid character"}},
		"no rules":          {want: ecr.Repository{Lifecycle: []byte("{}")}, told: []string{`it has no "rules"`}},
		"two documents":     {want: ecr.Repository{Lifecycle: []byte(policy + policy)}, told: []string{"the lifecycle policy is none"}},
		"an encryption":     {want: ecr.Repository{Encryption: "ROT13"}, told: []string{`"ROT13"`, "KMS_DSSE"}},
		"a key without KMS": {want: ecr.Repository{Key: "alias/ecr"}, told: []string{"KMS only"}},
		"six patterns":      {want: ecr.Repository{Exclusions: strings.Split("abcdef", "")}, told: []string{"at most 5", "not 6"}},
		"all at once":       {want: ecr.Repository{Encryption: "x", Lifecycle: []byte("x")}, told: []string{`"x"`, "the lifecycle policy is none"}},
		"public": {
			host: "public.ecr.aws",
			want: ecr.Repository{Immutable: true, ScanOnPush: true, Encryption: "KMS", Lifecycle: json.RawMessage(policy)},
			told: []string{"no immutable tags", "no scans on push", "no choice of encryption", "no lifecycle policies"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.keys(t)
			if tc.host == "" {
				tc.host = host
			}
			_, err := ecr.New(w.options()).EnsureRepository(t.Context(), tc.host, "acme/web", tc.want)
			w.fails(t, err, "E_ECR_CREATE", tc.told...)
			if got := w.Actions(); got != nil {
				t.Errorf("asked: %q", got)
			}
		})
	}
}
