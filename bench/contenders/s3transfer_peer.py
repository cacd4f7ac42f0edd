"""Copies a job's artifacts with boto3's s3transfer at its defaults; prints the milliseconds, process start not counted."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from s3transfer.manager import TransferManager

job = json.loads(sys.argv[1])


def client_in(region):
    return boto3.session.Session().client("s3", region_name=region, endpoint_url=job["endpoint"])


# Clients are built, and one connection of each is open, before the clock starts: a long-running program's state.
source = client_in(job["homeRegion"])
source.head_bucket(Bucket=job["sourceBucket"])
destinations = [(d["bucket"], client_in(d["region"])) for d in job["destinations"]]
for bucket, client in destinations:
    client.head_bucket(Bucket=bucket)


def copy_all(destination):
    bucket, client = destination
    with TransferManager(client) as manager:
        futures = [
            manager.copy(
                copy_source={"Bucket": job["sourceBucket"], "Key": artifact["key"]},
                bucket=bucket,
                key=artifact["key"],
                source_client=source,
            )
            for artifact in job["artifacts"]
        ]
        for future in futures:
            future.result()


start = time.monotonic()
with ThreadPoolExecutor(len(destinations)) as pool:
    list(pool.map(copy_all, destinations))
print(1000 * (time.monotonic() - start))
