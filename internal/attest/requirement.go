package attest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// The types of statements that are asked for where a line names none, and the word
// for every type.
const (
	Provenance = "https://slsa.dev/provenance/v1"
	Signature  = "https://sigstore.dev/cosign/sign/v1" // cosign's, that says nothing but who signed
	Any        = "any"
)

// Requirement is one line of the input `verify`: who must have attested what.
type Requirement struct {
	Line        string         // as it was written
	Repository  string         // owner/name of the repository that was built; "" is any
	Workflow    string         // owner/name/.github/workflows/FILE that signed; "" is any of Repository
	WorkflowRef string         // the ref or commit of Workflow; "" is any
	Predicate   string         // the type of the statement; Any is every one
	Ref         string         // the ref that was built, refs/…; "" is any
	Issuer      string         // who vouches for the signer: an OpenID Connect issuer
	Identity    string         // the signer's name; "" is any
	Like        *regexp.Regexp // what the whole of the signer's name looks like; nil is any
	server      string         // https://github.com; before Repository and Workflow
}

const lineHint = "one requirement a line: owner/repo, or repository=owner/repo, then after commas workflow=owner/repo/.github/workflows/FILE[@refs/…], " +
	"predicate=TYPE or any, ref=refs/…, issuer=URL; or identity=NAME or identity~=REGEX with issuer=URL (docs/verify.md)"

// keys are those that a line may have.
var keys = []string{"repository", "workflow", "predicate", "ref", "issuer", "identity", "identity~"}

// Parse reads the input `verify`; server is GITHUB_SERVER_URL, "" is that of
// github.com. All mistakes come back at once, as E_INPUT.
func Parse(lines []string, server string) ([]Requirement, error) {
	var all []Requirement
	var errs []error
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" {
			errs = append(errs, fault.Newf("E_INPUT", lineHint, "verify: a requirement is empty, and would be met by anything; a variable that is not set is empty, too"))
			continue
		}
		r, wrong := parseLine(line, server)
		for _, w := range wrong {
			errs = append(errs, fault.Newf("E_INPUT", lineHint, "verify: %q: %s", line, w))
		}
		all = append(all, r)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return all, nil
}

func parseLine(line, server string) (Requirement, []string) {
	set, wrong := fields(line)
	r := Requirement{
		Line: line, Repository: set["repository"], Workflow: set["workflow"], Predicate: set["predicate"],
		Ref: set["ref"], Issuer: set["issuer"], Identity: set["identity"], server: strings.TrimRight(server, "/"),
	}
	if r.server == "" {
		r.server = "https://github.com"
	}
	var like string
	if r.Like, like = whole(set["identity~"]); like != "" {
		wrong = append(wrong, like)
	}
	if len(wrong) == 0 {
		r.complete()
		wrong = r.mistakes()
	}
	return r, wrong
}

// fields are the parts of a line; the first may be a repository without its key.
func fields(line string) (map[string]string, []string) {
	parts, err := csv.NewReader(strings.NewReader(line)).Read()
	if err != nil {
		return nil, []string{"not a list with commas: " + err.Error()}
	}
	var wrong []string
	set := map[string]string{}
	for i, part := range parts {
		key, value, named := strings.Cut(strings.TrimSpace(part), "=")
		if !named && i == 0 {
			key, value = "repository", key
		}
		_, twice := set[key]
		switch {
		case !slices.Contains(keys, key):
			wrong = append(wrong, fmt.Sprintf("%q is none of %s", key, strings.Join(keys, ", ")))
		case twice:
			wrong = append(wrong, key+" is given twice")
		case value == "" || strings.HasSuffix(value, "@"):
			wrong = append(wrong, key+" is empty, or ends in nothing")
		}
		set[key] = value
	}
	return set, wrong
}

// whole is an expression that has to match all of a name, and is not so wide that
// it names nobody.
func whole(expr string) (*regexp.Regexp, string) {
	if expr == "" {
		return nil, ""
	}
	if _, err := regexp.Compile(expr); err != nil {
		return nil, "identity~: " + err.Error()
	}
	like, err := regexp.Compile(`^(?:` + expr + `)$`)
	switch {
	case err != nil:
		return nil, "identity~: " + err.Error()
	case like.MatchString("") || like.MatchString("anybody@anywhere.invalid") || like.MatchString("https://anywhere.invalid/anybody"):
		return nil, fmt.Sprintf("identity~=%s is anybody", expr)
	}
	return like, ""
}

// complete fills in what a line leaves out.
func (r *Requirement) complete() {
	r.Workflow, r.WorkflowRef, _ = strings.Cut(r.Workflow, "@")
	if strings.HasPrefix(r.Workflow, ".github/") && r.Repository != "" {
		r.Workflow = r.Repository + "/" + r.Workflow
	}
	person := r.Identity != "" || r.Like != nil
	if r.Predicate == "" {
		r.Predicate = Provenance
		if person && r.Repository == "" {
			r.Predicate = Signature
		}
	}
	if r.Issuer == "" && (!person || r.Repository != "" || strings.HasPrefix(r.Identity, r.server+"/")) {
		r.Issuer = actionsIssuer(r.server)
	}
}

// actionsIssuer vouches for the workflows of a server.
func actionsIssuer(server string) string {
	if server == "https://github.com" {
		return "https://token.actions.githubusercontent.com"
	}
	if host, ok := strings.CutPrefix(server, "https://"); ok && strings.HasSuffix(host, ".ghe.com") {
		return "https://token.actions." + host
	}
	return server + "/_services/token"
}

var (
	repositoryForm = pattern.New(`^[A-Za-z0-9_-]+/[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*$`)
	workflowForm   = pattern.New(`^[A-Za-z0-9_-]+/[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*/\.github/workflows/[^/@]+\.ya?ml$`)
	refForm        = pattern.New(`^refs/(heads|tags|pull)/[^\s@]+$`)
	commitForm     = pattern.New(`^[0-9a-f]{40}$`)
)

// mistakes are what is wrong with a line as a whole.
func (r *Requirement) mistakes() (wrong []string) {
	add := func(is bool, format string, args ...any) {
		if is {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	person := r.Identity != "" || r.Like != nil
	add(r.Repository == "" && !person, "nobody is named: give the repository, or an identity")
	add(r.Repository != "" && !repositoryForm.MatchString(r.Repository), "%q is no owner/repo", r.Repository)
	add(r.Workflow != "" && r.Repository == "", "a workflow alone may be called by any repository: give the repository, too")
	add(r.Workflow != "" && !workflowForm.MatchString(r.Workflow), "%q is no owner/repo/.github/workflows/FILE.yml", r.Workflow)
	add(r.WorkflowRef != "" && !refForm.MatchString(r.WorkflowRef) && !commitForm.MatchString(r.WorkflowRef),
		"%q is no ref of a workflow; write @refs/heads/BRANCH, @refs/tags/TAG, or a whole commit", r.WorkflowRef)
	add(r.Workflow != "" && person, "workflow and identity both name the signer: leave one out")
	add(r.Identity != "" && r.Like != nil, "identity and identity~ both name the signer: leave one out")
	add(r.Ref != "" && !refForm.MatchString(r.Ref), "%q is no ref; write refs/heads/BRANCH or refs/tags/TAG", r.Ref)
	add(r.Ref != "" && r.Repository == "", "a ref is one of a repository: give the repository, too")
	add(r.Predicate != Any && !isURL(r.Predicate), "%q is no type of a statement; write its URL, such as %s, or any", r.Predicate, Provenance)
	add(r.Issuer == "" && person, "an identity is worth nothing without who vouches for it: give issuer=URL, such as https://accounts.google.com or %s", actionsIssuer(r.server))
	add(r.Issuer != "" && (!isURL(r.Issuer) || !strings.HasPrefix(r.Issuer, "http")), "%q is no issuer; write its URL", r.Issuer)
	return wrong
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != "" && !strings.ContainsAny(s, " \t")
}
