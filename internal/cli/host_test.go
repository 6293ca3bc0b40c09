package cli

import (
	"io"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/runner"
)

func TestARepositoryOfThisGitHub(t *testing.T) {
	for name, c := range map[string]struct{ server, url, want string }{
		"its own":               {"https://github.com", "https://github.com/acme/infra.git", "acme/infra"},
		"without .git":          {"https://github.com", "https://GitHub.com/acme/infra", "acme/infra"},
		"with a slash":          {"https://github.com", "https://github.com/acme/infra/", "acme/infra"},
		"an enterprise's":       {"https://ghe.acme.example:8443", "https://ghe.acme.example:8443/acme/infra.git", "acme/infra"},
		"another port":          {"https://ghe.acme.example:8443", "https://ghe.acme.example/acme/infra.git", ""},
		"another host":          {"https://github.com", "https://gitlab.com/acme/infra.git", ""},
		"a name that begins so": {"https://github.com", "https://github.com.evil.example/acme/infra.git", ""},
		"another scheme":        {"https://github.com", "http://github.com/acme/infra.git", ""},
		"ssh":                   {"https://github.com", "git@github.com:acme/infra.git", ""},
		"a folder":              {"https://github.com", "/home/acme/infra", ""},
		"a page":                {"https://github.com", "https://github.com/acme/infra/tree/main", ""},
		"an owner":              {"https://github.com", "https://github.com/acme", ""},
		"a query":               {"https://github.com", "https://github.com/acme/infra?x=1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := repositoryOn(c.server, c.url); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestThePageOfARepository(t *testing.T) {
	const server = "https://ghe.acme.example:8443"
	for remote, want := range map[string]string{
		"https://ghe.acme.example:8443/acme/infra.git":     server + "/acme/infra",
		"git@ghe.acme.example:acme/infra.git":              server + "/acme/infra",
		"ssh://git@ghe.acme.example/acme/infra.git":        server + "/acme/infra",
		"ssh://git@ghe.acme.example:2222/acme/infra":       server + "/acme/infra",
		"git@ghe.acme.example.evil.example:acme/infra.git": "",
		"git@github.com:acme/infra.git":                    "",
		"https://github.com/acme/infra.git":                "",
		"git@ghe.acme.example:a/b/c.git":                   "",
		"/ghe.acme.example/acme/infra":                     "",
		"file:///ghe.acme.example/acme/infra":              "",
	} {
		if got := pageOf(server, git.Remote{URL: remote}); got != want {
			t.Errorf("%s: got %q, want %q", remote, got, want)
		}
	}
}

func TestTheWayToTheInfraRepository(t *testing.T) {
	const gitHub, elsewhere = "https://github.com/acme/infra.git", "https://git.acme.example/acme/infra.git"
	inActions := map[string]string{"GITHUB_ACTIONS": "true"}
	cases := map[string]struct {
		env  map[string]string
		url  string
		by   infraInputs
		want string // api, git, or a fault's code
	}{
		"a token":                       {url: gitHub, by: infraInputs{accessInputs: accessInputs{InfraVia: "auto", InfraToken: "t"}}, want: "api"},
		"an App":                        {url: gitHub, by: infraInputs{accessInputs: accessInputs{InfraVia: "auto", AppID: "1", AppPrivateKey: "k"}}, want: "api"},
		"half an App":                   {url: gitHub, by: infraInputs{accessInputs: accessInputs{InfraVia: "auto", AppID: "1"}}, want: "E_INPUT"},
		"the API for nobody":            {url: gitHub, by: infraInputs{accessInputs: accessInputs{InfraVia: "api"}}, want: "E_INPUT"},
		"neither":                       {url: gitHub, by: infraInputs{accessInputs: accessInputs{InfraVia: "auto"}}, want: "git"},
		"neither, in a workflow":        {env: inActions, url: gitHub, by: infraInputs{accessInputs: accessInputs{InfraVia: "auto"}}, want: "E_INPUT"},
		"git, in a workflow":            {env: inActions, url: gitHub, by: infraInputs{accessInputs: accessInputs{InfraVia: "git"}}, want: "git"},
		"neither, for another host":     {env: inActions, url: elsewhere, by: infraInputs{accessInputs: accessInputs{InfraVia: "auto"}}, want: "git"},
		"neither, by ssh":               {env: inActions, url: "git@github.com:acme/infra.git", by: infraInputs{accessInputs: accessInputs{InfraVia: "auto"}}, want: "git"},
		"git is asked for":              {url: gitHub, by: infraInputs{accessInputs: accessInputs{InfraVia: "git", InfraToken: "t"}}, want: "git"},
		"git with an App":               {url: gitHub, by: infraInputs{accessInputs: accessInputs{InfraVia: "git", AppID: "1", AppPrivateKey: "k"}}, want: "git"},
		"another host":                  {url: elsewhere, by: infraInputs{accessInputs: accessInputs{InfraVia: "auto", InfraToken: "t"}}, want: "git"},
		"the API of another host":       {url: elsewhere, by: infraInputs{accessInputs: accessInputs{InfraVia: "api", InfraToken: "t"}}, want: "E_INFRA_VIA"},
		"an App on another host":        {url: elsewhere, by: infraInputs{accessInputs: accessInputs{InfraVia: "auto", AppID: "1", AppPrivateKey: "k"}}, want: "E_INFRA_VIA"},
		"ssh":                           {url: "git@github.com:acme/infra.git", by: infraInputs{accessInputs: accessInputs{InfraVia: "auto", InfraToken: "t"}}, want: "git"},
		"a server whose API is unknown": {env: map[string]string{"GITHUB_SERVER_URL": "https://git.acme.example"}, url: elsewhere, by: infraInputs{accessInputs: accessInputs{InfraVia: "auto", InfraToken: "t"}}, want: "git"},
		"its API":                       {env: map[string]string{"GITHUB_SERVER_URL": "https://git.acme.example"}, url: elsewhere, by: infraInputs{accessInputs: accessInputs{InfraVia: "api", InfraToken: "t"}}, want: "E_INFRA_VIA"},
		"a label by git": {url: elsewhere, by: infraInputs{
			InfraMode: "pull-request", accessInputs: accessInputs{InfraVia: "auto", InfraToken: "t"}, pullRequestInputs: pullRequestInputs{PRLabels: []string{"x"}},
		}, want: "E_INPUT"},
		"a branch by git": {url: elsewhere, by: infraInputs{
			InfraMode: "pull-request", accessInputs: accessInputs{InfraVia: "auto", InfraToken: "t"}, pullRequestInputs: pullRequestInputs{PRBranch: "x"},
		}, want: "git"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := quietApp()
			a.Runner = runner.New(func(name string) string { return c.env[name] }, io.Discard, io.Discard)
			h, err := a.hostOf(git.Remote{URL: c.url}, access{infraInputs: c.by})
			got := map[bool]string{true: "api", false: "git"}[h.api]
			if err != nil {
				got = fault.Code(err)
			}
			if got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
		})
	}
}

func TestADeadlineIsALengthOfTime(t *testing.T) {
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "5m": 5 * time.Minute, "5": 0, "-1m": 0, "0s": 0, "soon": 0} {
		got, err := commitInputs{InfraDeadline: text}.deadline()
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

func TestACommittersIdentity(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"Acme Deploy <deploy@acme.example>": "Acme Deploy|deploy@acme.example",
		"A<a@b>":                            "A|a@b",
		"Acme Deploy":                       "E_COMMIT_IDENTITY",
		"deploy@acme.example":               "E_COMMIT_IDENTITY",
		"<deploy@acme.example>":             "E_COMMIT_IDENTITY",
		"Acme <deploy>":                     "E_COMMIT_IDENTITY",
		"Acme <a@b> and more":               "E_COMMIT_IDENTITY",
		"Acme <a@b":                         "E_COMMIT_IDENTITY",
		"Acme <a b@c>":                      "E_COMMIT_IDENTITY",
		"Acme\nx <a@b>":                     "E_COMMIT_IDENTITY",
		"Acme <<a@b>":                       "E_COMMIT_IDENTITY",
	} {
		who, err := commitInputs{Committer: text}.author()
		got := ""
		switch {
		case err != nil:
			got = fault.Code(err)
		case who.Name != "":
			got = who.Name + "|" + who.Email
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
