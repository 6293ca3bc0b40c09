package ecr

import (
	"fmt"
	"strings"
)

// byToken knows what STS answers to an OIDC token.
func (s *session) byToken(c claims) remedy {
	return func(err error) (string, string) {
		told := message(err)
		switch code(err) {
		case "AccessDenied":
			return "E_AWS_AUTH", fmt.Sprintf("let the role's trust policy allow this token, whose sub is %q and whose aud is %q, or correct `aws-role`: "+
				"`aws iam get-role --role-name %s --query Role.AssumeRolePolicyDocument` shows the policy", c.Subject, strings.Join(c.Audience, " "), s.roleName())
		case "InvalidIdentityToken":
			return "E_AWS_AUTH", s.providerHint(c, told)
		case "ExpiredTokenException", "ExpiredToken":
			return "E_AWS_AUTH", "run again: the job's OIDC token had ended when AWS read it; check the clock of this machine if it stays so"
		case "IDPCommunicationError":
			return "E_AWS_AUTH", "run again: AWS could not reach " + c.Issuer + " to check the token"
		case "IDPRejectedClaim":
			return "E_AWS_AUTH", "AWS does not take a claim of the token, or the token has been used: run again"
		}
		return s.sts(err)
	}
}

// providerHint is about what an account knows of GitHub's tokens.
func (s *session) providerHint(c claims, told string) string {
	m := roleARN.FindStringSubmatch(s.Role)
	switch {
	case strings.Contains(told, "No OpenIDConnect provider"):
		return fmt.Sprintf("let the account %s know GitHub's tokens: `aws iam create-open-id-connect-provider --url %s --client-id-list %s`", m[2], c.Issuer, s.Audience)
	case strings.Contains(told, "audience"):
		return fmt.Sprintf("give the `aws-audience` that the provider in AWS knows, or let it know %[1]q: `aws iam add-client-id-to-open-id-connect-provider "+
			"--client-id %[1]s --open-id-connect-provider-arn arn:%s:iam::%s:oidc-provider/%s`", s.Audience, m[1], m[2], strings.TrimPrefix(c.Issuer, "https://"))
	}
	return "run again; if it stays so, see that AWS can read " + c.Issuer + "/.well-known/openid-configuration"
}

// byKeys knows what STS answers to credentials that want a role.
func (s *session) byKeys(err error) (string, string) {
	if code(err) == "AccessDenied" {
		return "E_AWS_AUTH", "allow sts:AssumeRole on " + s.Role + " for these credentials, and let the role's trust policy name them; or " +
			idTokenHint + ", so that the job's own token is used"
	}
	return s.sts(err)
}

// sts knows what STS answers to what is asked of a role's session.
func (s *session) sts(err error) (string, string) {
	switch told := message(err); {
	case code(err) == "ValidationError" && strings.Contains(told, "DurationSeconds"):
		return "E_AWS_ROLE", fmt.Sprintf("ask for a shorter session than %v, or let the role have longer ones: `aws iam update-role --role-name %s --max-session-duration %d` "+
			"(3600 at most if another role assumes it)", s.Duration, s.roleName(), int(s.Duration.Seconds()))
	case code(err) == "ValidationError":
		return "E_AWS_ROLE", "correct `aws-role` and what goes with it"
	case code(err) == "RegionDisabledException":
		return "E_AWS_ROLE", "let STS be active in the region " + s.at.region + ": IAM → Account settings → Security Token Service"
	}
	return "", ""
}
