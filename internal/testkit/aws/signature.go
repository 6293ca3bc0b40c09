package aws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// scope is what the header of a signature says about itself.
type scope struct {
	key, region, service string
	headers              []string
}

// authorization follows AWS Signature Version 4.
var authorization = pattern.New(`^AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)/\d{8}/([a-z0-9-]+)/([a-z-]+)/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}$`)

func readScope(r *http.Request) scope {
	m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return scope{}
	}
	return scope{key: m[1], region: m[2], service: m[3], headers: strings.Split(m[4], ";")}
}

// refusal is an error of AWS.
type refusal struct {
	status        int
	code, message string
}

// who finds the principal, and says why a request is not one of theirs.
func (a *AWS) who(q *asked) *refusal {
	sts := q.Service == "sts"
	pick := func(ofSTS, ofECR, message string) *refusal {
		if sts {
			return &refusal{http.StatusForbidden, ofSTS, message}
		}
		return &refusal{http.StatusBadRequest, ofECR, message}
	}
	s := readScope(q.request)
	p := a.principals[s.key]
	switch {
	case s.key == "":
		return pick("MissingAuthenticationToken", "MissingAuthenticationTokenException", "Request is missing Authentication Token")
	case s.service != q.Service || s.region != q.Region:
		a.tb.Errorf("%s in %s is signed for %s in %s", q.Service, q.Region, s.service, s.region)
		return pick("SignatureDoesNotMatch", "InvalidSignatureException", "Credential should be scoped to a valid region.")
	case p == nil, p.partition != partitionOf(q.Region), p.SessionToken != q.Header.Get("X-Amz-Security-Token"):
		return pick("InvalidClientTokenId", "UnrecognizedClientException", "The security token included in the request is invalid.")
	case !a.signed(q, p, s):
		return pick("SignatureDoesNotMatch", "InvalidSignatureException", "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n"+
			"The Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:"+p.SessionToken+"'")
	case p.ended(a.clock()):
		return pick("ExpiredToken", "ExpiredTokenException", "The security token included in the request is expired")
	}
	q.principal = p
	return nil
}

// signed signs the request once more, and compares.
func (a *AWS) signed(q *asked, p *principal, s scope) bool {
	when, err := time.Parse("20060102T150405Z", q.Header.Get("X-Amz-Date"))
	if err != nil || !slices.Contains(s.headers, "host") {
		return false
	}
	again, err := http.NewRequest(q.request.Method, "https://"+q.Host+q.request.URL.RequestURI(), strings.NewReader(q.Body))
	if err != nil {
		return false
	}
	for _, name := range s.headers {
		if values := q.Header.Values(name); values != nil {
			again.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	if !slices.Contains(s.headers, "content-length") {
		again.ContentLength = 0
	}
	sum := sha256.Sum256([]byte(q.Body))
	keys := sdk.Credentials{AccessKeyID: p.ID, SecretAccessKey: p.Secret, SessionToken: p.SessionToken}
	if err := v4.NewSigner().SignHTTP(context.Background(), keys, again, hex.EncodeToString(sum[:]), s.service, s.region, when); err != nil {
		return false
	}
	return again.Header.Get("Authorization") == q.Header.Get("Authorization")
}
