package ecr

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// claims are what a role's trust policy may ask about an OIDC token, and what names
// the run. They are read, not verified: AWS does that.
type claims struct {
	Subject    string   `json:"sub"`
	Audience   audience `json:"aud"`
	Issuer     string   `json:"iss"`
	Repository string   `json:"repository"`
	RunID      string   `json:"run_id"`
}

// audience is one or several, RFC 7519, section 4.1.3.
type audience []string

func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// readClaims reads the middle of a JWT; what cannot be read is empty.
func readClaims(token string) (c claims) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(data, &c) != nil {
		return claims{}
	}
	return c
}

// plainName is what names of sessions cannot hold.
var plainName = pattern.New(`[^\w+=,.@-]+`)
