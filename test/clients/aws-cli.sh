#!/usr/bin/env bash
# aws-cli: buckets in two regions, synchronised, copied across, versioned, tagged, presigned, removed.
# Usage: aws-cli.sh AWS ENDPOINT NAME DIRECTORY, where DIRECTORY/up holds "large" (over 8 MiB) and "dir/small".
set -euo pipefail
here=s3://$3-here there=s3://$3-there up=$4/up down=$4/down
aws() { "$AWS" --endpoint-url "$ENDPOINT" --output text "$@"; }
AWS=$1 ENDPOINT=$2
# Version 1 presigns as S3 has not taken it from new buckets since 2020, unless it is configured otherwise.
export AWS_CONFIG_FILE=$4/config
printf '[default]\ns3 =\n  signature_version = s3v4\n' >"$AWS_CONFIG_FILE"

aws s3 mb "$here" --region us-east-1
aws s3 mb "$there" --region eu-west-1
aws s3 sync --no-progress "$up" "$here"
# "aws s3 cp --source-region" would ask AWS itself for the source, whatever the endpoint.
aws s3api copy-object --copy-source "$3-here/large" --bucket "$3-there" --key large --region eu-west-1
aws s3 cp --no-progress "$there/large" "$down" --region eu-west-1
cmp "$up/large" "$down"

aws s3api put-bucket-versioning --bucket "$3-here" --versioning-configuration Status=Enabled
aws s3api put-object --bucket "$3-here" --key dir/small --body "$up/dir/small" --tagging team=web
[ "$(aws s3api get-object-tagging --bucket "$3-here" --key dir/small --query 'TagSet[0].Value')" = web ]
curl -fsS "$(aws s3 presign "$here/dir/small")" | cmp - "$up/dir/small"

versions=$(aws s3api list-object-versions --bucket "$3-here" --output json \
  --query '{Objects: Versions[].{Key: Key, VersionId: VersionId}}')
[ "$(aws s3api delete-objects --bucket "$3-here" --query 'length(Deleted)' --delete "$versions")" = 3 ]
aws s3api delete-bucket --bucket "$3-here"
aws s3 rb --force "$there" --region eu-west-1
