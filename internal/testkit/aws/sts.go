package aws

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// sts answers the query protocol: a form in, XML out.
func (a *AWS) sts(w http.ResponseWriter, q *asked) {
	if got := q.Header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
		a.tb.Errorf("STS is asked with the content type %q", got)
	}
	asked := form(q.Body)
	if v := asked.Get("Version"); v != "2011-06-15" {
		a.tb.Errorf("STS is asked in the version %q", v)
	}
	switch q.Action {
	case "AssumeRoleWithWebIdentity":
		a.assumeByToken(w, q, asked)
	case "AssumeRole":
		a.assume(w, q, asked)
	default:
		a.untaught(w, q)
	}
}

func form(body string) url.Values {
	values, err := url.ParseQuery(body)
	if err != nil {
		return url.Values{}
	}
	return values
}

// only fails the test on parameters that are not among names.
func (a *AWS) only(q *asked, values url.Values, names ...string) {
	for name := range values {
		if !slices.Contains(append(names, "Action", "Version"), name) {
			a.tb.Errorf("the fake of AWS was not taught the parameter %q of %s", name, q.Action)
		}
	}
}

func (a *AWS) assumeByToken(w http.ResponseWriter, q *asked, v url.Values) {
	a.only(q, v, "DurationSeconds", "RoleArn", "RoleSessionName", "WebIdentityToken")
	if q.Header.Get("Authorization") != "" || q.Header.Get("X-Amz-Security-Token") != "" {
		a.tb.Errorf("%s is signed, and has not to be", q.Action)
	}
	claims, ok := readToken(v.Get("WebIdentityToken"))
	role, known := a.roles[v.Get("RoleArn")]
	lasts, refused := duration(v, role)
	audiences := a.providers[claims.Issuer]
	switch {
	case !ok:
		refused = &refusal{400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"}
	case len(audiences) == 0:
		refused = &refusal{400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for " + claims.Issuer}
	case !slices.Contains(audiences, claims.Audience):
		refused = &refusal{400, "InvalidIdentityToken", "Incorrect token audience"}
	case !a.clock().Before(time.Unix(claims.Ends, 0)):
		refused = &refusal{400, "ExpiredTokenException", "Token expired: current date/time " + strconv.FormatInt(a.clock().Unix(), 10) + " must be before the expiration date/time " + strconv.FormatInt(claims.Ends, 10)}
	case !known || q.Region != "" && partitionOf(q.Region) != strings.Split(role.ARN, ":")[1],
		!slices.Contains(role.Audiences, claims.Audience), !slices.ContainsFunc(role.Subjects, func(p string) bool { return like(p, claims.Subject) }):
		refused = &refusal{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
	}
	if refused != nil {
		q.refuse(w, refused.status, refused.code, refused.message)
		return
	}
	type result struct {
		SubjectFromWebIdentityToken, Audience, Provider string
		assumed
	}
	writeXML(w, struct {
		XMLName          xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleWithWebIdentityResponse"`
		Result           result   `xml:"AssumeRoleWithWebIdentityResult"`
		ResponseMetadata metadata
	}{
		Result: result{
			SubjectFromWebIdentityToken: claims.Subject, Audience: claims.Audience,
			Provider: strings.Replace(role.ARN[:strings.Index(role.ARN, ":role/")], "sts", "iam", 1) + ":oidc-provider/" + strings.TrimPrefix(claims.Issuer, "https://"),
			assumed:  a.assumed(role, v.Get("RoleSessionName"), lasts),
		},
		ResponseMetadata: metadata{requestID},
	})
}

func (a *AWS) assume(w http.ResponseWriter, q *asked, v url.Values) {
	a.only(q, v, "DurationSeconds", "RoleArn", "RoleSessionName")
	refused := a.who(q)
	role, known := a.roles[v.Get("RoleArn")]
	lasts, tooLong := duration(v, role)
	switch {
	case refused != nil:
	case !known || !slices.Contains(role.Users, q.principal.ID):
		refused = &refusal{403, "AccessDenied", "User: " + q.principal.arn + " is not authorized to perform: sts:AssumeRole on resource: " + v.Get("RoleArn")}
	default:
		refused = tooLong
	}
	if refused != nil {
		q.refuse(w, refused.status, refused.code, refused.message)
		return
	}
	writeXML(w, struct {
		XMLName          xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleResponse"`
		Result           assumed  `xml:"AssumeRoleResult"`
		ResponseMetadata metadata
	}{Result: a.assumed(role, v.Get("RoleSessionName"), lasts), ResponseMetadata: metadata{requestID}})
}

// duration reads how long a session is to last, and checks what STS checks before it
// looks at who asks.
func duration(v url.Values, role Role) (time.Duration, *refusal) {
	seconds, err := strconv.Atoi(cmp.Or(v.Get("DurationSeconds"), "3600"))
	lasts := time.Duration(seconds) * time.Second
	switch name := v.Get("RoleSessionName"); {
	case !sessionName.MatchString(name):
		return 0, &refusal{400, "ValidationError", "1 validation error detected: Value '" + name + "' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"}
	case err != nil || seconds < 900 || seconds > 43200:
		return 0, &refusal{400, "ValidationError", "1 validation error detected: Value '" + v.Get("DurationSeconds") + "' at 'durationSeconds' failed to satisfy constraint"}
	case role.MaxDuration != 0 && lasts > role.MaxDuration:
		return 0, &refusal{400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."}
	}
	return lasts, nil
}

var sessionName = pattern.New(`^[\w+=,.@-]{2,64}$`)

// like reports whether a text matches a pattern of StringLike.
func like(pattern, text string) bool {
	const slash = "\x01" // a star of path.Match does not match one
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", slash), strings.ReplaceAll(text, "/", slash))
	return ok && err == nil
}

type assumed struct {
	AssumedRoleUser struct{ Arn, AssumedRoleId string }
	Credentials     struct {
		SessionToken, SecretAccessKey, Expiration, AccessKeyId string
	}
}

type metadata struct{ RequestId string }

const requestID = "c6104cbe-af31-11e0-8154-cbc7ccf896c7"

func (a *AWS) assumed(role Role, name string, lasts time.Duration) (out assumed) {
	p := a.session(role, name, lasts)
	out.AssumedRoleUser.Arn, out.AssumedRoleUser.AssumedRoleId = p.arn, "AROACLKWSDQRAOEXAMPLE:"+name
	out.Credentials.SessionToken, out.Credentials.SecretAccessKey, out.Credentials.AccessKeyId = p.SessionToken, p.Secret, p.ID
	out.Credentials.Expiration = p.ends.UTC().Format(time.RFC3339)
	return out
}

func writeXML(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("x-amzn-RequestId", requestID)
	xml.NewEncoder(w).Encode(answer)
}
